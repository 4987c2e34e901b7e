"""Making forms of an artifact's model, judging each against full precision, and keeping the good ones."""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelyard_cli import manifest_file
from modelyard_cli.errors import CliError
from modelyard_cli.forms import FORMS, FormKind
from modelyard_server.artifact.tuning_section import Row, Table
from modelyard_server.engines.base import Tensors
from modelyard_server.engines.choice import Form
from modelyard_server.engines.threads import default_threads
from modelyard_server.model import Model, load_model
from modelyard_server.report import SourceError
from modelyard_server.settings import Settings
from modelyard_server.tuning.agreement import Difference, compare
from modelyard_server.tuning.plan import Bounds, refusal
from modelyard_server.tuning.probe import Job, Result
from modelyard_server.tuning.rows import to_row
from modelyard_server.tuning.run import in_child
from modelyard_server.tuning.samples import DOCUMENTED, SamplesError, read_samples

REFERENCE = "fp32"
BATCHES = (1, 8, 32)
CALIBRATION_ITEMS = 300
_QUANTIZED = frozenset(
    {"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "MatMulNBits", "MatMulInteger"}
)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Quantizing:
    """One run over an artifact.

    Attributes:
        directory: The artifact.
        kinds: The forms to make, by name.
        named: Whether the user named them: then one whose answers depend on the batch is kept as well.
        samples: The user's items; None: the documentation's examples.
        bounds: How far a form may be from full precision.
        seconds: How long each batch size is measured.
        limit: Seconds that measuring one form may take.
        say: Tells how it goes.
    """

    directory: Path
    kinds: Sequence[str]
    named: bool
    samples: Path | None
    bounds: Bounds
    seconds: float
    limit: float
    say: Say
    _kept: dict[str, dict[str, str]] = field(default_factory=dict)

    def run(self) -> Table:
        """Make, judge, keep.

        Returns:
            What was measured, full precision first.

        Raises:
            CliError: The artifact has no float32 ONNX model, or it can't be run.
        """
        document = manifest_file.read(self.directory)
        model = self._reference(document)
        source = model.artifact.model_file
        try:
            feeds = calibration_feeds(model, self.samples)
        except SamplesError as error:
            raise CliError(str(error)) from None
        self.say(f"{source.relative_to(self.directory)}: measuring as the reference")
        reference = self._probe("onnxruntime", source)
        if reference.error:
            raise CliError(f"{source}: {reference.error}")
        rows = [self._row("onnxruntime", REFERENCE, source, reference, None)]
        made = (self._make(FORMS[name], source, feeds, reference) for name in self.kinds)
        rows += [row for row in made if row is not None]
        if self._kept:
            self._keep(document, source)
        return Table(
            measured_at="",
            server="",
            samples=DOCUMENTED if self.samples is None else self.samples.name,
            rows=rows,
        )

    def _reference(self, document: dict[str, Any]) -> Model:
        listed = document.get("files", {}).get("onnxruntime", {}).get(REFERENCE)
        settings = Settings(
            model_dir=self.directory,
            engine="onnxruntime",
            variant=listed or "auto",
            runtime_dir=Path(os.devnull),
        )
        try:
            model = load_model(settings)
        except SourceError as error:
            raise CliError(error.message) from None
        _check_float(model.artifact.model_file)
        return model

    def _make(self, kind: FormKind, source: Path, feeds: Sequence[Tensors], reference: Result) -> Row | None:
        target = target_of(self.directory, source, kind)
        # What stands under the name stays until there is a better one: it may be the exporter's own.
        fresh = target.with_stem(f"{target.stem}.new")
        shown = f"{target.relative_to(self.directory)} ({kind.summary})"
        self.say(f"{shown}: making")
        try:
            # NNCF draws its progress on standard output, which is for the table.
            with redirect_stdout(sys.stderr):
                kind.make(source, fresh, feeds)
            result = self._probe(kind.engine, fresh)
            if result.error:
                self.say(f"{shown}: {result.error}")
                return None
            against = compare([a.encode() for a in reference.answers], [a.encode() for a in result.answers])
            row = self._row(kind.engine, kind.precision, fresh, result, against)
            # A named form may depend on its batch; it may never be far from full precision.
            refused = refusal(Difference(), against, self.bounds) if self.named else row.refused
            if refused is None:
                for path, place in zip(_files(fresh), _files(target), strict=True):
                    path.replace(place)
            else:
                self.say(f"{shown}: refused: {refused}")
        except Exception as error:  # the tools raise anything; a form that can't be made is left out
            self.say(f"{shown}: it can't be made of this model: {type(error).__name__}: {error}"[:500])
            return None
        finally:
            _remove(fresh)
        name = target.relative_to(self.directory).as_posix()
        if refused is None:
            self._kept.setdefault(row.engine, {})[row.precision] = name
        return row.model_copy(update={"file": name})

    def _probe(self, engine: str, file: Path) -> Result:
        environ = {**os.environ, "MODELYARD_MODEL_DIR": str(self.directory)}
        job = Job(
            engine=engine,
            file=file.relative_to(self.directory).as_posix(),
            threads=default_threads(),
            batches=BATCHES,
            seconds=self.seconds,
            samples=self.samples,
        )
        return in_child(environ)(job, self.limit)

    def _row(
        self, engine: str, precision: str, file: Path, result: Result, against: Difference | None
    ) -> Row:
        return to_row(
            Form(engine, precision, file.relative_to(self.directory).as_posix()),
            result,
            directory=self.directory,
            threads=default_threads(),
            against=against,
            bounds=self.bounds,
        )

    def _keep(self, document: dict[str, Any], source: Path) -> None:
        files: dict[str, dict[str, str]] = {
            engine: dict(forms) for engine, forms in document.get("files", {}).items()
        }
        first = {REFERENCE: source.relative_to(self.directory).as_posix()}
        # Full precision stays the first, so that it is what runs until something is measured.
        files["onnxruntime"] = {**first, **files.get("onnxruntime", {})}
        for engine, forms in self._kept.items():
            files[engine] = {**files.get(engine, {}), **forms}
        document["files"] = files
        self.say(f"kept in {manifest_file.write(self.directory, document)}")


def calibration_feeds(model: Model, samples: Path | None) -> list[Tensors]:
    """What the engine gets for each item alone.

    Raises:
        SamplesError: The samples can't be used.
    """
    items = read_samples(model.task, samples, CALIBRATION_ITEMS)
    prepared = model.prepare(items)
    size = model.task.fixed_batch or 1
    return [model.task.collate([one] * size) for one in prepared]


def target_of(directory: Path, source: Path, kind: FormKind) -> Path:
    """Where a form goes: an ONNX file beside its source under a variant's name, IR into its own folder."""
    if kind.suffix == ".xml":
        return directory / kind.engine / f"model_{kind.precision}.xml"
    return source.with_name(f"model_{kind.precision}{kind.suffix}")


def _files(target: Path) -> list[Path]:
    """The files of a form: IR's weights are beside it."""
    return [target, target.with_suffix(".bin")] if target.suffix == ".xml" else [target]


def _remove(target: Path) -> None:
    for path in _files(target):
        path.unlink(missing_ok=True)
    if target.parent.name == "openvino" and target.parent.is_dir() and not any(target.parent.iterdir()):
        target.parent.rmdir()


def _check_float(file: Path) -> None:
    import onnx  # noqa: PLC0415 - of the extra

    found = {node.op_type for node in onnx.load(file, load_external_data=False).graph.node} & _QUANTIZED
    if found:
        raise CliError(
            f"{file} is quantized already (it has {', '.join(sorted(found))}): forms are made of the float32 "
            "model; export it, or name it in modelyard.json as files.onnxruntime.fp32"
        )
