"""What a probe found, as a row of the table."""

from pathlib import Path

from modelyard_server.artifact.tuning_section import Row
from modelyard_server.engines.choice import Form, form_bytes
from modelyard_server.tuning import plan
from modelyard_server.tuning.agreement import Difference
from modelyard_server.tuning.probe import Result


def to_row(
    form: Form,
    result: Result,
    *,
    directory: Path,
    threads: int,
    against: Difference | None,
    bounds: plan.Bounds,
) -> Row:
    """Write a row.

    Args:
        form: What ran.
        result: What was measured.
        directory: The artifact.
        threads: Threads of the engine.
        against: How its answers differ from the reference's; None: it is the reference.
        bounds: How far they may.
    """
    batch = Difference(result.batch_flips, result.batch_shift)
    return Row(
        engine=form.engine,
        file=form.file,
        precision=form.precision,
        size=form_bytes(directory, form.file),
        threads=threads,
        latency_ms=result.latency_ms,
        items_per_second=result.items_per_second,
        max_batch=plan.max_batch(result.items_per_second),
        load_seconds=result.load_seconds,
        rss_mb=result.rss_mb,
        batch_flips=round(batch.flips, 6),
        batch_shift=round(batch.shift, 6),
        flips=None if against is None else round(against.flips, 6),
        shift=None if against is None else round(against.shift, 6),
        refused=plan.refusal(batch, against, bounds),
    )
