"""Each benchmark of the server runs against a small model; what it measures is not judged here."""

import math
from pathlib import Path

import pytest

from benchmarks.goal import read, write
from benchmarks.page import write_page
from benchmarks.server.options import Options
from benchmarks.server.run import GOALS
from tests.server.models import text_model


@pytest.fixture
def options(tmp_path: Path) -> Options:
    for variant in ("fp32", "int8"):
        text_model(tmp_path, file=f"onnx/model_{variant}.onnx")
    return Options(seconds=1, rounds=1, peers=(), model=tmp_path, fresh=40_000)


@pytest.mark.parametrize("name", ["mixed", "cached", "uncached", "overload", "footprint"])
def test_a_benchmark_gives_finite_figures_and_a_table(name: str, options: Options, tmp_path: Path) -> None:
    goals = GOALS[name][1](options)

    assert goals
    assert all(math.isfinite(goal.value) for goal in goals)
    assert all(goal.value > 0 for goal in goals if goal.unit in {"ops/s", "MiB", "s"})
    write(goals, tmp_path / "results" / "server" / f"{name}.json")
    assert read(tmp_path / "results" / "server" / f"{name}.json") == goals
    page = tmp_path / "performance.md"
    page.write_text(f"before\n<!-- results/server/{name}.json -->\n<!-- end -->\nafter\n")
    write_page(page, tmp_path / "results")
    assert page.read_text().count("\n| ") == 1 + len(goals)
    assert page.read_text().endswith("<!-- end -->\nafter\n")
