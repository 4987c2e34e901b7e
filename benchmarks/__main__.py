"""`python -m benchmarks [operator | rollout | server] …`: with none of them, everything."""

import argparse
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from benchmarks.goal import Goal, write
from benchmarks.operator import scale
from benchmarks.page import write_page
from benchmarks.rollout import run as rollout
from benchmarks.server import run

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"
PAGES = tuple(ROOT / "docs" / name for name in ("performance.md", "performance-rollouts.md"))


def main() -> None:
    """Measure, print one line a goal, and write the JSON."""
    arguments = _parser().parse_args()
    began = time.time()
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
        if arguments.part in {"rollout", None}:
            found, missed = rollout.measure(arguments, RESULTS)
            goals, failures = goals + found, failures + missed
    except KeyboardInterrupt:
        sys.exit("interrupted; what was started is ended")
    print()
    for goal in goals:
        print(goal.line())
    if arguments.write_docs:
        for page in PAGES:
            write_page(page, RESULTS, began)
    if failures:
        sys.exit("\n".join(["", *failures]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--write-docs", action="store_true", help="write what was measured into docs/performance*.md"
    )
    parts = parser.add_subparsers(dest="part", metavar="operator | rollout | server")
    scale.add_arguments(parts.add_parser("operator", help="how the operator does with many resources"))
    rollout.add_arguments(parts.add_parser("rollout", help="how exact and how fast rollouts are"))
    run.add_arguments(parts.add_parser("server", help="how fast the model server is"))
    for add in (scale.add_arguments, rollout.add_arguments, run.add_arguments):
        defaults = argparse.ArgumentParser()
        add(defaults)
        parser.set_defaults(**vars(defaults.parse_args([])))
    return parser


def _ended(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
