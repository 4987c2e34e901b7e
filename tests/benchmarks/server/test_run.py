import argparse
from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks.goal import Goal, read, write
from benchmarks.server import run
from benchmarks.server.options import Options


def fails(_: Options) -> list[Goal]:
    raise RuntimeError("no such model")


@pytest.fixture
def goals(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Goal]:
    measured = {"second": Goal("second", 2.0, "x", at_least=1)}
    monkeypatch.setattr(
        run, "GOALS", {"first": ("First", fails), "second": ("Second", lambda _: [measured["second"]])}
    )
    return measured


def arguments(*names: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    run.add_arguments(parser)
    return parser.parse_args(names)


def test_what_fails_is_named_and_the_rest_is_measured(goals: Mapping[str, Goal], tmp_path: Path) -> None:
    write([Goal("of an earlier run", 1.0, "x")], tmp_path / "server/first.json")

    found, failures = run.measure(arguments(), tmp_path)

    assert found == [goals["second"]]
    assert failures == ["first: not measured: RuntimeError: no such model"]
    assert read(tmp_path / "server/second.json") == found
    assert not (tmp_path / "server/first.json").exists()


@pytest.mark.usefixtures("goals")
def test_a_goal_that_is_not_there_ends_it_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no goal third: there is first, second"):
        run.measure(arguments("third"), tmp_path)
