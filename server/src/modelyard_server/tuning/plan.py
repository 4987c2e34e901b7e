"""What to measure, in which order, and what is not to be used: pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from modelyard_server.artifact.tuning_section import BATCH_SHIFT_LIMIT, Row
from modelyard_server.engines.choice import Form
from modelyard_server.tuning.agreement import Difference

FULL: Final = ("fp32", "float32")
"""Precisions that others are compared with."""
BATCHES: Final = (1, 4, 8, 16, 32, 64)
_NEARLY = 0.97
"""A batch within 3 % of the most items a second is as good as the best, and smaller."""
_FINALISTS = 2


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a form may be from the one that it is compared with.

    Attributes:
        flips: Most of its items, as a share, that are answered otherwise.
        shift: Most by which a score may differ.
    """

    flips: float = 0.01
    shift: float = 0.1


DEFAULT_BOUNDS: Final = Bounds()


def reference(forms: Sequence[Form]) -> Form:
    """The form that others are compared with: full precision where there is one, else the default."""
    return next((form for form in forms if form.precision in FULL), forms[0])


def in_order(forms: Sequence[Form]) -> list[Form]:
    """The reference first, then the others as they stand."""
    first = reference(forms)
    return [first, *(form for form in forms if form != first)]


def fewer_threads(rows: Sequence[Row], threads: int) -> list[tuple[Form, int]]:
    """What else to try once every form ran with all threads: the best of them with fewer."""
    allowed = sorted((row for row in rows if row.refused is None), key=lambda row: -row.best_rate)
    counts = sorted({1, threads // 2, threads // 4} - {0, threads}, reverse=True)
    return [
        (Form(row.engine, row.precision, row.file), count) for row in allowed[:_FINALISTS] for count in counts
    ]


def max_batch(rates: dict[int, float]) -> int:
    """The smallest batch with about the most items a second."""
    most = max(rates.values())
    return min(size for size, rate in rates.items() if rate >= _NEARLY * most)


def refusal(batch: Difference, against: Difference | None, bounds: Bounds) -> str | None:
    """Why a form is not to be used unless it is named; None: it may be."""
    if batch.flips or batch.shift > BATCH_SHIFT_LIMIT:
        return (
            f"its answers depend on the batch: {_percent(batch.flips)} of the items are answered otherwise, "
            f"scores move by up to {batch.shift:.2g}"
        )
    if against is None:
        return None
    if against.flips > bounds.flips:
        return (
            f"{_percent(against.flips)} of the items are answered otherwise than by the reference; "
            f"{_percent(bounds.flips)} at most"
        )
    if against.shift > bounds.shift:
        return f"scores are up to {against.shift:.2g} from the reference's; {bounds.shift:.2g} at most"
    return None


def _percent(share: float) -> str:
    # Three digits that count: a bound of 0.05 % must not read as 0.1 %.
    return f"{100 * share:.3g}%"
