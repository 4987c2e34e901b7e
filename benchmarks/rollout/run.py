"""The goals of rollouts, and what the command line says of them."""

import argparse
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.each import measure_each
from benchmarks.goal import Goal
from benchmarks.operator.scale import say
from benchmarks.rollout import bad, steps, traffic
from benchmarks.rollout.place import Place
from demo.built import built
from demo.install import install
from demo.targets import choose


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says.

    Attributes:
        requests: To measure one weight with.
        rounds: Samples of a weight, roll-backs of a mode, bad candidates of a kind and mode.
        rollouts: At once.
        as_is: Use the cluster and the operator in it as they are.
    """

    requests: int = 2000
    rounds: int = 5
    rollouts: int = 200
    as_is: bool = False


def on_cluster(measure: Callable[[Place, Options], list[Goal]]) -> Callable[[Options], list[Goal]]:
    """What is measured in a namespace of its own, of the cluster that $CLUSTER names."""

    def run(options: Options) -> list[Goal]:
        target = choose()
        if not options.as_is:
            target.up(mesh=True)
            install(target, target.load(built()))
        with (
            tempfile.TemporaryDirectory(prefix="modelyard-bench-") as folder,
            Place(target).made(Path(folder)) as place,
        ):
            return measure(place, options)

    return run


GOALS: Mapping[str, Callable[[Options], list[Goal]]] = {
    "weights": on_cluster(
        lambda place, options: traffic.all_weights(place, options.requests, options.rounds)
    ),
    "rollback": on_cluster(lambda place, options: traffic.all_roll_backs(place, options.rounds)),
    "bad": on_cluster(lambda place, options: bad.measure(place, options.rounds)),
    "scale": lambda options: steps.measure(options.rollouts),
}
"""Name -> how it is measured."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `python -m benchmarks rollout`."""
    defaults = Options()
    parser.add_argument("aims", nargs="*", metavar="GOAL", help=f"which to measure (all): {', '.join(GOALS)}")
    parser.add_argument(
        "--requests", type=int, default=defaults.requests, help=f"for each weight ({defaults.requests})"
    )
    parser.add_argument(
        "--times",
        type=int,
        default=defaults.rounds,
        help=f"samples of a weight, roll-backs, bad candidates; of each mode ({defaults.rounds})",
    )
    parser.add_argument(
        "--rollouts", type=int, default=defaults.rollouts, help=f"at once ({defaults.rollouts})"
    )
    parser.add_argument(
        "--as-is", action="store_true", help="use the cluster and its operator as they are: build nothing"
    )


def measure(arguments: argparse.Namespace, results: Path) -> tuple[list[Goal], list[str]]:
    """Measure what was asked for; see `measure_each`.

    Returns:
        What was measured, and what failed, in words.

    Raises:
        SystemExit: there is no such goal.
    """
    options = Options(arguments.requests, arguments.times, arguments.rollouts, arguments.as_is)
    goals = {name: partial(measured, options) for name, measured in GOALS.items()}
    return measure_each(arguments.aims, goals, results / "rollout", say, group="rollout ")
