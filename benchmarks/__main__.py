"""`python -m benchmarks [--resources N] [--changes N] [--rest SECONDS]`."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

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
    # Both ways of being ended go through `finally`, where what was started is ended too.
    signal.signal(signal.SIGTERM, _ended)
    try:
        goals = measure(options.resources, options.changes, options.rest)
    except KeyboardInterrupt:
        sys.exit("interrupted; what was started is ended")
    write(goals, RESULTS / "operator.json")
    print()
    for goal in goals:
        print(goal.line())


def _ended(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
