"""Waits for a condition, never for a time; each wait has a limit and says what it waits for."""

import time
from collections.abc import Callable

from devcluster.api import Api
from devcluster.components.base import Component
from devcluster.errors import DevclusterError
from devcluster.processes import ProcessTable
from devcluster.ui import Step

POLL_SECONDS = 0.2


def until_healthy(
    components: list[Component],
    table: ProcessTable,
    api: Api,
    step: Step,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Wait until every daemon says that it is healthy.

    Args:
        components: The daemons.
        table: Knows whether their processes run.
        api: Asks them.
        step: Shows which of them are awaited.
        sleep: Waits between two rounds.
        clock: Gives seconds.

    Raises:
        DevclusterError: One ended, or is not healthy within its limit; the text ends with its log.
    """
    started = clock()
    waiting = {component.name: component for component in components}
    while waiting:
        for name, component in list(waiting.items()):
            problem = component.check(api)
            if problem is None:
                del waiting[name]
                continue
            tail = f"Last lines of {table.log_file(name)}:\n{table.log_tail(name)}"
            if table.running(name) is None:
                raise DevclusterError(f"{name} ended while it was starting. {tail}")
            if clock() - started > component.start_limit:
                limit = f"{component.start_limit:.0f} s"
                raise DevclusterError(f"{name} is not healthy after {limit}: {problem}\n{tail}")
        step.detail = f"waiting for {', '.join(waiting)}" if waiting else ""
        if waiting:
            sleep(POLL_SECONDS)


def until(
    problem: Callable[[], str | None],
    limit: float,
    what: str,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Wait until nothing is wrong any more.

    Args:
        problem: Tells what is wrong; None if nothing is.
        limit: Seconds to wait.
        what: What is waited for, as the beginning of a sentence.
        sleep: Waits between two looks.
        clock: Gives seconds.

    Raises:
        DevclusterError: Something still is after the limit.
    """
    started = clock()
    while (found := problem()) is not None:
        if clock() - started > limit:
            raise DevclusterError(f"{what} after {limit:.0f} s: {found}")
        sleep(POLL_SECONDS)
