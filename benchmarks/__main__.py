"""`python -m benchmarks [operator] [--resources N] [--rest SECONDS]`."""

import argparse
from pathlib import Path

from benchmarks.goal import write
from benchmarks.operator.scale import measure

RESULTS = Path(__file__).parents[1] / "results"


def main() -> None:
    """Measure, print one line a goal, and write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--resources", type=int, default=1000, help="ModelDeployments present (1000)")
    parser.add_argument("--changes", type=int, default=200, help="single changes that are timed (200)")
    parser.add_argument(
        "--rest", type=float, default=300, help="seconds at rest over which writes are counted (300)"
    )
    options = parser.parse_args()
    goals = measure(options.resources, options.changes, options.rest)
    write(goals, RESULTS / "operator.json")
    print()
    for goal in goals:
        print(goal.line())


if __name__ == "__main__":
    main()
