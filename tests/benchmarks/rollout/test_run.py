import argparse
from pathlib import Path

import pytest

from benchmarks.goal import Goal, read, write
from benchmarks.rollout import run
from benchmarks.rollout.run import Options


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    run.add_arguments(parser)
    return parser.parse_args(words)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Options]:
    """What was asked of the goal `second`; `first` fails."""
    found: list[Options] = []

    def fails(_: Options) -> list[Goal]:
        raise RuntimeError("no gateway")

    def works(options: Options) -> list[Goal]:
        found.append(options)
        return [Goal("second", 2.0, "s")]

    monkeypatch.setattr(run, "GOALS", {"first": fails, "second": works})
    return found


def test_what_fails_is_named_and_the_rest_is_measured(asked: list[Options], tmp_path: Path) -> None:
    write([Goal("of an earlier run", 1.0, "s")], tmp_path / "rollout/first.json")

    goals, failures = run.measure(
        arguments("--requests", "7", "--times", "2", "--rollouts", "3", "--as-is"), tmp_path
    )

    assert goals == [Goal("second", 2.0, "s")]
    assert failures == ["rollout first: not measured: RuntimeError: no gateway"]
    assert asked == [Options(requests=7, rounds=2, rollouts=3, as_is=True)]
    assert read(tmp_path / "rollout/second.json") == goals
    assert not (tmp_path / "rollout/first.json").exists()


@pytest.mark.usefixtures("asked")
def test_a_goal_that_is_not_there_ends_it_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no goal third: there is first, second"):
        run.measure(arguments("third"), tmp_path)
