"""The server's goals, one after the other; one that fails does not keep the others from being measured."""

import argparse
import contextlib
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from benchmarks.goal import Goal, write
from benchmarks.server import (
    cached,
    detection,
    footprint,
    images,
    mixed,
    overload,
    peers_uncached,
    session_options,
    tensors,
    uncached,
)
from benchmarks.server.models import VISION
from benchmarks.server.options import Options, say
from benchmarks.server.peer import OTHERS, PLAIN

Measure = Callable[[Options], list[Goal]]

GOALS: Mapping[str, tuple[str, Measure]] = {
    "mixed": (mixed.TITLE, mixed.measure),
    "cached": (cached.TITLE, cached.measure),
    "uncached": (uncached.TITLE, uncached.measure),
    "images": (images.TITLE, images.measure),
    "detection": (detection.TITLE, detection.measure),
    "overload": (overload.TITLE, overload.measure),
    "footprint": (footprint.TITLE, footprint.measure),
    "tensors": (tensors.TITLE, tensors.measure),
    "options": (session_options.TITLE, session_options.measure),
    "peers": (peers_uncached.TITLE, peers_uncached.measure),
}
"""Name -> (title of its table, how it is measured)."""
PEERS = (PLAIN, *(peer.name for peer in OTHERS), VISION)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `python -m benchmarks server`."""
    defaults = Options()
    parser.add_argument(
        "goals", nargs="*", metavar="GOAL", help=f"which to measure (all): {', '.join(GOALS)}"
    )
    parser.add_argument(
        "--peer",
        action="append",
        choices=[*PEERS, "none"],
        help="measure against this peer alone; may be given again (all)",
    )
    parser.add_argument(
        "--seconds", type=float, default=defaults.seconds, help=f"of one timed run ({defaults.seconds:g})"
    )
    parser.add_argument(
        "--rounds", type=int, default=defaults.rounds, help=f"timed runs of each side ({defaults.rounds})"
    )


def measure(arguments: argparse.Namespace, results: Path) -> tuple[list[Goal], list[str]]:
    """Measure what was asked for; each goal's results are written as soon as they are there.

    Returns:
        What was measured, and what failed, in words.

    Raises:
        SystemExit: there is no such goal.
    """
    names = arguments.goals or list(GOALS)
    if unknown := [name for name in names if name not in GOALS]:
        raise SystemExit(f"no goal {', '.join(unknown)}: there is {', '.join(GOALS)}")
    peers = None if arguments.peer is None else tuple(arguments.peer)
    options = Options(seconds=arguments.seconds, rounds=arguments.rounds, peers=peers)
    goals: list[Goal] = []
    failures: list[str] = []
    for name in names:
        title, measured = GOALS[name]
        say(f"{name}: {title}")
        path = results / "server" / f"{name}.json"
        # What an earlier run found is not passed off as this one's.
        path.unlink(missing_ok=True)
        began = time.monotonic()
        with _survived(name, failures):
            found = measured(options)
            write(found, path)
            goals += found
        say(f"{name}: {time.monotonic() - began:.0f} s")
    return goals, failures


@contextlib.contextmanager
def _survived(name: str, failures: list[str]) -> Iterator[None]:
    """Note a goal's failure, whatever it is, and go on."""
    try:
        yield
    except Exception as error:
        traceback.print_exc()
        failures.append(f"{name}: not measured: {type(error).__name__}: {error}")
        say(failures[-1])
