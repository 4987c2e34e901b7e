"""A load test from its first request to what is told of it."""

import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Event, Thread
from typing import Final, Protocol

from modelyard_cli.errors import CliError
from modelyard_cli.loadtest.plan import Plan
from modelyard_cli.loadtest.record import Record
from modelyard_cli.loadtest.watch.sample import Sample, Watch

LOOK_SECONDS: Final = 2.0


class Runner(Protocol):
    """Where k6 runs."""

    where: str
    """For the report."""

    def lines(self, plan: Plan) -> AbstractContextManager[Iterator[str]]:
        """Run k6; what it writes comes line by line.

        Raises:
            CliError: It failed.
        """


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a load test.

    Attributes:
        plan: What was asked.
        record: What k6 measured.
        samples: What was seen of the deployment.
        source: Where that was seen; None: nowhere.
        trouble: Why it was not seen; empty: it was.
        where: Where k6 ran.
        machine: Of the one that gave the command.
    """

    plan: Plan
    record: Record
    samples: tuple[Sample, ...]
    source: str | None
    trouble: str
    where: str
    machine: str

    @property
    def passed(self) -> bool:
        """Whether every threshold holds."""
        return not self.record.crossed and self.record.total.requests > 0


def run(
    plan: Plan,
    runner: Runner,
    watch: Watch | None,
    tell: Callable[[Record], None],
    *,
    settle: float = 0.0,
    clock: Callable[[], float] = time.time,
) -> Outcome:
    """Run a load and watch the deployment meanwhile.

    Args:
        plan: The run.
        runner: Where k6 runs.
        watch: Sees the deployment; None: there is only an address.
        tell: Is told of the record each time it grows.
        settle: Seconds for which the deployment is watched after the load has ended.
        clock: Seconds since 1970.

    Raises:
        CliError: k6 failed, or measured nothing.
    """
    record, over = Record(), Event()
    watcher = Thread(target=_look, args=(watch, over), daemon=True) if watch is not None else None
    if watcher is not None:
        watcher.start()
    began = clock()
    try:
        with runner.lines(plan) as lines:
            for line in lines:
                if record.feed(line):
                    tell(record)
        over.wait(settle)
    finally:
        over.set()
        if watcher is not None:
            watcher.join()
    if not record.points:
        raise CliError("k6 measured nothing: it ended before its first period was over")
    samples, trouble = _seen(watch, began, clock())
    return Outcome(
        plan=plan,
        record=record,
        samples=tuple(samples),
        source=watch.source if watch is not None else None,
        trouble=trouble,
        where=runner.where,
        machine=machine(),
    )


def machine() -> str:
    """This machine in a few words."""
    return f"{os.cpu_count()} CPUs, {platform.system()} on {platform.machine()}"


def _look(watch: Watch, over: Event) -> None:
    while not over.is_set():
        watch.look()
        over.wait(LOOK_SECONDS)


def _seen(watch: Watch | None, began: float, ended: float) -> tuple[list[Sample], str]:
    if watch is None:
        return (
            [],
            "only an address was given: pods, CPU, memory and cache of a ModelDeployment can be watched",
        )
    try:
        return watch.samples(began, ended), watch.trouble
    except CliError as error:
        # The load is over and was measured: what is known of it is worth more than a clean failure.
        return [], error.message
