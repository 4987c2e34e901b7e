"""`python -m benchmarks [operator | server] …`: with neither, everything."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from benchmarks.goal import Goal, write
from benchmarks.operator import scale
from benchmarks.page import write_page
from benchmarks.server import run

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"
PAGE = ROOT / "docs" / "performance.md"


def main() -> None:
    """Measure, print one line a goal, and write the JSON."""
    arguments = _parser().parse_args()
    # Both ways of being ended go through `finally`, where what was started is ended too.
    signal.signal(signal.SIGTERM, _ended)
    try:
        goals: list[Goal] = []
        failures: list[str] = []
        if arguments.part in {"server", None}:
            goals, failures = run.measure(arguments, RESULTS)
        if arguments.part in {"operator", None}:
            found = scale.measure(arguments.resources, arguments.changes, arguments.rest)
            write(found, RESULTS / "operator.json")
            goals += found
    except KeyboardInterrupt:
        sys.exit("interrupted; what was started is ended")
    print()
    for goal in goals:
        print(goal.line())
    if arguments.write_docs:
        write_page(PAGE, RESULTS)
    if failures:
        sys.exit("\n".join(["", *failures]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--write-docs", action="store_true", help="write the tables of docs/performance.md from results/"
    )
    parts = parser.add_subparsers(dest="part", metavar="operator | server")
    scale.add_arguments(parts.add_parser("operator", help="how the operator does with many resources"))
    run.add_arguments(parts.add_parser("server", help="how fast the model server is"))
    for add in (scale.add_arguments, run.add_arguments):
        defaults = argparse.ArgumentParser()
        add(defaults)
        parser.set_defaults(**vars(defaults.parse_args([])))
    return parser


def _ended(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
