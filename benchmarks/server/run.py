"""The server's goals, one after the other."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.goal import Goal, write
from benchmarks.server import cached, footprint, mixed, overload, peers_uncached, uncached
from benchmarks.server.options import Options, say
from benchmarks.server.peer import OTHERS, PLAIN

Measure = Callable[[Options], list[Goal]]

GOALS: Mapping[str, tuple[str, Measure]] = {
    "mixed": (mixed.TITLE, mixed.measure),
    "cached": (cached.TITLE, cached.measure),
    "uncached": (uncached.TITLE, uncached.measure),
    "peers": (peers_uncached.TITLE, peers_uncached.measure),
    "overload": (overload.TITLE, overload.measure),
    "footprint": (footprint.TITLE, footprint.measure),
}
"""Name -> (title of its table, how it is measured)."""
PEERS = (PLAIN, *(peer.name for peer in OTHERS))


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


def measure(arguments: argparse.Namespace, results: Path) -> list[Goal]:
    """Measure what was asked for; each goal's results are written as soon as they are there.

    Raises:
        SystemExit: there is no such goal.
    """
    names = arguments.goals or list(GOALS)
    if unknown := [name for name in names if name not in GOALS]:
        raise SystemExit(f"no goal {', '.join(unknown)}: there is {', '.join(GOALS)}")
    peers = None if arguments.peer is None else tuple(arguments.peer)
    options = Options(seconds=arguments.seconds, rounds=arguments.rounds, peers=peers)
    goals: list[Goal] = []
    for name in names:
        title, measured = GOALS[name]
        say(f"{name}: {title}")
        found = measured(options)
        write(found, results / "server" / f"{name}.json")
        goals += found
    return goals
