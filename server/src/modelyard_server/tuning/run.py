"""`modelyard-server tune`: measure every way to run the artifact on this machine, and print the table."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from modelyard_server import contract
from modelyard_server.artifact.describe import Artifact, describe
from modelyard_server.artifact.source import source_dir
from modelyard_server.artifact.tuning_section import Row, Table, Tuning
from modelyard_server.engines import ENGINES
from modelyard_server.engines.choice import Form, forms
from modelyard_server.engines.cpu import fingerprint
from modelyard_server.engines.threads import default_threads
from modelyard_server.logs import configure_logging
from modelyard_server.report import SourceError, write_report
from modelyard_server.settings import Settings, SettingsError, read_number, termination_log
from modelyard_server.tuning import plan
from modelyard_server.tuning.agreement import compare
from modelyard_server.tuning.probe import Job, Result
from modelyard_server.tuning.rows import to_row
from modelyard_server.tuning.samples import DOCUMENTED
from modelyard_server.tuning.show import show

ENV_SAMPLES: Final = "MODELYARD_TUNE_SAMPLES"
ENV_SECONDS: Final = "MODELYARD_TUNE_SECONDS"
ENV_LIMIT: Final = "MODELYARD_TUNE_LIMIT_SECONDS"
ENV_FLIPS: Final = "MODELYARD_TUNE_MAX_FLIPS"
ENV_SHIFT: Final = "MODELYARD_TUNE_MAX_SHIFT"

Probe = Callable[[Job, float], Result]
"""Measures one way, within so many seconds."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class TuneSettings:
    """What the environment says of the measuring itself.

    Attributes:
        samples: Where the items are; None: the task's own examples.
        seconds: How long each batch size is measured at least.
        limit: Seconds after which nothing new is begun.
        bounds: How far a form may be from the reference.
    """

    samples: Path | None = None
    seconds: float = 1.0
    limit: float = 600.0
    bounds: plan.Bounds = plan.DEFAULT_BOUNDS

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "TuneSettings":
        """Read the variables; an unset or empty one leaves the default.

        Raises:
            SettingsError: A value is no number.
        """
        samples = environ.get(ENV_SAMPLES)
        return cls(
            samples=Path(samples) if samples else None,
            seconds=read_number(environ, ENV_SECONDS, cls.seconds),
            limit=read_number(environ, ENV_LIMIT, cls.limit),
            bounds=plan.Bounds(
                flips=read_number(environ, ENV_FLIPS, plan.DEFAULT_BOUNDS.flips),
                shift=read_number(environ, ENV_SHIFT, plan.DEFAULT_BOUNDS.shift),
            ),
        )


@dataclass
class Tuner:
    """One run over an artifact.

    Attributes:
        artifact: What is measured.
        variant: What the resource says; only its forms are measured.
        settings: How.
        probe: Measures one way.
        say: Tells a person how it goes.
        clock: Monotonic seconds.
    """

    artifact: Artifact
    variant: str
    settings: TuneSettings
    probe: Probe
    say: Say
    threads: int = field(default_factory=default_threads)
    clock: Callable[[], float] = time.monotonic
    _rows: list[Row] = field(default_factory=list)
    _answers: list[bytes] | None = None
    _ends: float = 0.0

    def run(self) -> Table:
        """Measure.

        Raises:
            SourceError: LoadFailed: nothing could be measured.
        """
        self._ends = self.clock() + self.settings.limit
        found = [form for form in forms(self.artifact, self.variant) if ENGINES[form.engine].available]
        left_out = len(forms(self.artifact, self.variant)) - len(found)
        if left_out:
            self.say(f"{left_out} forms need an engine that is not in this image and are left out")
        for form in plan.in_order(found) if found else ():
            self._measure(form, self.threads)
        for form, threads in plan.fewer_threads(self._rows, self.threads):
            self._measure(form, threads)
        if not self._rows:
            raise SourceError(
                contract.REASON_LOAD_FAILED,
                f"{self.artifact.directory}: no way to run the model could be measured; see the log",
                permanent=True,
            )
        return Table(
            measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
            server=version("modelyard-server"),
            samples=DOCUMENTED if self.settings.samples is None else self.settings.samples.name,
            rows=self._rows,
        )

    def _measure(self, form: Form, threads: int) -> None:
        shown = f"{form.engine} {form.precision} ({form.file}), {threads} threads"
        left = self._ends - self.clock()
        if left <= 0:
            self.say(f"{shown}: left out, the time is up")
            return
        self.say(f"{shown}: measuring")
        job = Job(
            engine=form.engine,
            file=form.file,
            threads=threads,
            batches=plan.BATCHES,
            seconds=self.settings.seconds,
            samples=self.settings.samples,
        )
        result = self.probe(job, left)
        if result.error:
            self.say(f"{shown}: {result.error}")
            return
        answers = [answer.encode() for answer in result.answers]
        against = None if self._answers is None else compare(self._answers, answers)
        if self._answers is None:
            self._answers = answers
        row = to_row(
            form,
            result,
            directory=self.artifact.directory,
            threads=threads,
            against=against,
            bounds=self.settings.bounds,
        )
        self._rows.append(row)
        self.say(f"{shown}: {row.latency_ms:.2f} ms for 1, {row.best_rate:.0f} items/s at {row.max_batch}")


def in_child(environ: Mapping[str, str]) -> Probe:
    """Measure in a process of its own, which gets this environment."""

    def probe(job: Job, seconds: float) -> Result:
        command = [sys.executable, "-m", "modelyard_server.tuning.probe"]
        try:
            done = subprocess.run(  # noqa: S603 - our own module
                command,
                input=job.model_dump_json().encode(),
                capture_output=True,
                timeout=seconds,
                env={**environ},
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Result(error=f"it took more than {seconds:.0f} s and was ended")
        lines = done.stdout.splitlines()
        if done.returncode != 0 or not lines:
            words = done.stderr.decode(errors="replace").strip().splitlines()[-3:]
            return Result(error=f"the process ended with status {done.returncode}: {' '.join(words)}")
        return Result.model_validate_json(lines[-1])

    return probe


def run(environ: Mapping[str, str]) -> int:
    """Measure, print the table on standard error and the same as one line of JSON on standard output.

    Returns:
        The exit status: 0, or 1 with a reason in the log and the termination message.
    """
    configure_logging()
    try:
        settings, tune = Settings.from_environ(environ), TuneSettings.from_environ(environ)
        source = source_dir(settings.uri, settings.model_dir)
        variant = source.name if source.is_file() else settings.variant
        artifact = describe(source, settings.task, settings.variant)
        table = Tuner(artifact, variant, tune, in_child(environ), _say).run()
    except (SourceError, SettingsError) as error:
        failure = (
            error
            if isinstance(error, SourceError)
            else SourceError(contract.REASON_INTERNAL, str(error), permanent=True)
        )
        _say(failure.message)
        write_report(failure.payload(), termination_log(environ))
        return 1
    machine = fingerprint(default_threads())
    _say(f"\n{machine}, {table.samples}:\n{show(table)}")
    print(Tuning({machine: table}).model_dump_json(exclude_none=True), flush=True)  # noqa: T201 - its output
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - progress for a person
