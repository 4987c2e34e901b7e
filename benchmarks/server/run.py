"""The server's goals, and what the command line says of them."""

import argparse
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from benchmarks.each import measure_each
from benchmarks.goal import Goal
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
    """Measure what was asked for; see `measure_each`.

    Returns:
        What was measured, and what failed, in words.

    Raises:
        SystemExit: there is no such goal.
    """
    peers = None if arguments.peer is None else tuple(arguments.peer)
    options = Options(seconds=arguments.seconds, rounds=arguments.rounds, peers=peers)
    goals = {name: partial(_measured, *goal, options) for name, goal in GOALS.items()}
    return measure_each(arguments.goals, goals, results / "server", say)


def _measured(title: str, measure: Measure, options: Options) -> list[Goal]:
    say(title)
    return measure(options)
