"""Which engine runs which of an artifact's files, and how: what the resource says, else what was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from modelyard_server import contract
from modelyard_server.artifact.describe import Artifact
from modelyard_server.artifact.onnx_files import AUTO, listed_files
from modelyard_server.artifact.tuning_section import Row, Tuning
from modelyard_server.engines import ENGINES, EngineKind
from modelyard_server.report import SourceError

_ALIKE = 0.95
"""Rates within 5 % of the best are alike: then the one that answers a single item sooner is taken."""


@dataclass(frozen=True, slots=True)
class Form:
    """One of an artifact's files with an engine that reads it.

    Attributes:
        engine: The engine's name.
        precision: What `files` calls the form; without `files`, the file's variant.
        file: The file, relative to the artifact's root.
    """

    engine: str
    precision: str
    file: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the resource says; each counts for more than what was measured.

    Attributes:
        engine: An engine or `auto`.
        variant: A variant or `auto`.
        threads: Threads of the engine; None: nothing.
        max_batch: Most items of a batch; None: nothing.
    """

    engine: str = AUTO
    variant: str = AUTO
    threads: int | None = None
    max_batch: int | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """How the model is to run.

    Attributes:
        form: File and engine.
        threads: Threads of the engine.
        max_batch: Most items of a batch; None: nothing says.
        why: What it follows from, for the log.
        ignored: Why tables were left aside, one sentence each, for the log.
    """

    form: Form
    threads: int
    max_batch: int | None
    why: str
    ignored: tuple[str, ...] = ()


def forms(artifact: Artifact, variant: str = AUTO) -> list[Form]:
    """Every way that an artifact could be run, the preferred one first, whatever is in this image."""
    chosen = artifact.model_file.relative_to(artifact.directory).as_posix()
    listed = artifact.manifest.files
    named: Mapping[str, str] = {}
    found: list[Form] = []
    if listed is not None:
        present = set(listed_files(artifact.names, variant, listed))
        entries = [Form(*entry) for entry in listed.entries()]
        named = {form.file: form.precision for form in entries}
        found = [
            form
            for form in entries
            if form.file in present and form.engine in ENGINES and ENGINES[form.engine].reads(form.file)
        ]
    default = [
        Form(name, named.get(chosen, artifact.variant), chosen)
        for name, kind in ENGINES.items()
        if kind.reads(chosen)
    ]
    return list(dict.fromkeys([*default[:1], *found, *default]))


def choose_start(
    artifact: Artifact,
    wanted: Wanted,
    threads: int,
    *,
    tables: Sequence[tuple[str, Tuning]] = (),
    machine: str = "",
    engines: Mapping[str, EngineKind] = ENGINES,
) -> Start:
    """Choose.

    Args:
        artifact: What there is.
        wanted: What the resource says.
        threads: The most that the engine may use.
        tables: What was measured, the first counting for most, each with its name for the log.
        machine: This machine's fingerprint.
        engines: The engines that the server knows.

    Raises:
        SourceError: LoadFailed, permanent: no engine of this image can run it.
    """
    if wanted.engine not in {AUTO, *engines}:
        raise _refused(f"there is no engine {wanted.engine!r}; there is {AUTO}, {', '.join(engines)}")
    possible = [form for form in forms(artifact, wanted.variant) if wanted.engine in {AUTO, form.engine}]
    if not possible:
        raise _refused(
            f"{wanted.engine} reads none of the model's files ({artifact.model_file.name} is chosen); "
            "leave spec.server.engine out, or correct spec.model.variant"
        )
    usable = [form for form in possible if engines[form.engine].available]
    if not usable:
        missing = possible[0].engine
        raise _refused(
            f"{missing} is needed for {possible[0].file} and is not in this image: set spec.server.engine to "
            f"{missing}, and leave spec.server.image out or set it to modelyard-server-{missing}:TAG, the "
            "image's variant with it; or choose another engine or file"
        )
    ignored: list[str] = []
    for name, tuning in tables:
        row = _measured(
            artifact, wanted, usable, threads=threads, table=(name, tuning, machine), ignored=ignored
        )
        if row is not None:
            return Start(
                form=Form(row.engine, row.precision, row.file),
                threads=row.threads,
                max_batch=wanted.max_batch or row.max_batch,
                why=f"{name}: {row.best_rate:.0f} items/s in batches of {row.max_batch}, "
                f"{row.latency_ms:.2f} ms for one",
                ignored=tuple(ignored),
            )
    why = "the resource names it" if wanted.engine != AUTO else "nothing was measured on such a machine"
    return Start(usable[0], threads, wanted.max_batch, why, tuple(ignored))


def best_row(rows: Sequence[Row]) -> Row | None:
    """The row to start from: of those with the most items a second, the one with the shortest latency."""
    allowed = [row for row in rows if row.refused is None]
    if not allowed:
        return None
    most = max(row.best_rate for row in allowed)
    return min((row for row in allowed if row.best_rate >= _ALIKE * most), key=lambda row: row.latency_ms)


def _measured(
    artifact: Artifact,
    wanted: Wanted,
    usable: Sequence[Form],
    *,
    threads: int,
    table: tuple[str, Tuning, str],
    ignored: list[str],
) -> Row | None:
    name, tuning, machine = table
    measured = tuning.root.get(machine)
    if measured is None:
        ignored.append(f"{name}: it has nothing for {machine}")
        return None
    ways = {(form.engine, form.file) for form in usable}
    rows = [row for row in measured.rows if (row.engine, row.file) in ways]
    current = [row for row in rows if row.size == form_bytes(artifact.directory, row.file)]
    if rows and not current:
        ignored.append(f"{name}: it is of other files than the artifact's; run `modelyard tune` again")
        return None
    fitting = [
        row
        for row in current
        if row.threads <= threads and (wanted.threads is None or row.threads == wanted.threads)
    ]
    if wanted.variant != AUTO:
        # Named, so even a form is used that is never chosen.
        fitting = [row.model_copy(update={"refused": None}) for row in fitting]
    best = best_row(fitting)
    if best is None:
        ignored.append(f"{name}: none of its rows fits what the resource asks for and this image can run")
    return best


def form_bytes(directory: Path, file: str) -> int:
    """Bytes of a form's files; -1 where it is not there."""
    path = directory / file
    try:
        return path.stat().st_size + (path.with_suffix(".bin").stat().st_size if path.suffix == ".xml" else 0)
    except OSError:
        return -1


def _refused(message: str) -> SourceError:
    return SourceError(contract.REASON_LOAD_FAILED, message, permanent=True)
