"""Goals one after the other; one that fails does not keep the others from being measured."""

import contextlib
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.goal import Goal, write


def measure_each(
    names: Sequence[str],
    goals: Mapping[str, Callable[[], list[Goal]]],
    results: Path,
    say: Callable[[str], None],
    *,
    group: str = "",
) -> tuple[list[Goal], list[str]]:
    """Measure goals; each one's results are written as soon as they are there.

    Args:
        names: Which, in this order; none: all.
        goals: By name, how each is measured.
        results: Folder of the results, a file a goal.
        say: Hears how it goes.
        group: What stands before each name in words.

    Returns:
        What was measured, and what failed, in words.

    Raises:
        SystemExit: There is no such goal.
    """
    if unknown := [name for name in names if name not in goals]:
        raise SystemExit(f"no goal {', '.join(unknown)}: there is {', '.join(goals)}")
    found: list[Goal] = []
    failures: list[str] = []
    for name in names or goals:
        called = f"{group}{name}"
        say(called)
        path = results / f"{name}.json"
        # What an earlier run found is not passed off as this one's.
        path.unlink(missing_ok=True)
        began = time.monotonic()
        with _survived(called, failures, say):
            measured = goals[name]()
            write(measured, path)
            found += measured
        say(f"{called}: {time.monotonic() - began:.0f} s")
    return found, failures


@contextlib.contextmanager
def _survived(name: str, failures: list[str], say: Callable[[str], None]) -> Iterator[None]:
    """Note a goal's failure, whatever it is, and go on."""
    try:
        yield
    except Exception as error:
        traceback.print_exc()
        failures.append(f"{name}: not measured: {type(error).__name__}: {error}")
        say(failures[-1])
