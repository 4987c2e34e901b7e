"""Each benchmark of the server runs against a small model; what it measures is not judged here."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.goal import read, write
from benchmarks.page import write_page
from benchmarks.server.options import Options
from benchmarks.server.run import GOALS
from tests.server.image_models import COLOURS, colour_model, detector_model, encoded, textured
from tests.server.models import text_model


def texts(folder: Path) -> None:
    for variant in ("fp32", "int8"):
        text_model(folder, file=f"onnx/model_{variant}.onnx", token_types=False)


def pictures(folder: Path) -> None:
    (folder / "pictures").mkdir()
    (folder / "pictures" / "small-00.jpg").write_bytes(encoded(textured((256, 256)), "JPEG"))
    (folder / "pictures" / "large.jpg").write_bytes(encoded(textured((320, 240)), "JPEG"))
    for side in (96, 224):
        (folder / f"classifier-{side}").mkdir()
        colour_model(
            folder / f"classifier-{side}",
            size=side,
            modelyard={"task": "image-classification", "labels": list(COLOURS)},
        )
    (folder / "detector").mkdir()
    detector_model(folder / "detector")
    manifest = {"task": "object-detection", "detection": {"confidence": 0.25}}
    (folder / "detector" / "modelyard.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("name", "models"),
    [
        ("mixed", texts),
        ("cached", texts),
        ("uncached", texts),
        ("overload", texts),
        ("footprint", texts),
        ("images", pictures),
        ("detection", pictures),
        ("tensors", texts),
    ],
)
def test_a_benchmark_gives_finite_figures_and_a_table(
    name: str, models: Callable[[Path], None], tmp_path: Path
) -> None:
    models(tmp_path)

    goals = GOALS[name][1](Options(seconds=1, rounds=1, peers=(), model=tmp_path, fresh=40_000))

    assert goals
    assert all(math.isfinite(goal.value) for goal in goals)
    assert all(goal.value > 0 for goal in goals if goal.unit in {"ops/s", "MiB"})
    assert all(goal.value >= 0 for goal in goals if goal.unit == "s")
    write(goals, tmp_path / "results" / "server" / f"{name}.json")
    assert read(tmp_path / "results" / "server" / f"{name}.json") == goals
    page = tmp_path / "performance.md"
    page.write_text(f"before\n<!-- results/server/{name}.json -->\n<!-- end -->\nafter\n")
    write_page(page, tmp_path / "results", since=0)
    assert page.read_text().count("\n| ") == 2 + len(goals)
    assert page.read_text().endswith("<!-- end -->\nafter\n")
