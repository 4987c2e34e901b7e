"""A server answers as Ultralytics' own `predict` does; `parity/` says how that is recorded."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelyard_server.model import load_model
from modelyard_server.settings import Settings
from modelyard_server.tasks.base import Item
from modelyard_server.tasks.detections import Wanted
from tests.server.image_models import COLOURS, encoded
from tests.server.tasks.parity.cases import CLASSIFIED, PREDICTIONS, scene
from tests.server.tasks.parity.models import DETECTORS, classifier

PARITY = Path(__file__).parent / "parity"
RECORDED = json.loads((PARITY / "predictions.json").read_text())
SCORES = json.loads((PARITY / "classes.json").read_text())


@pytest.mark.parametrize(
    "case", RECORDED, ids=lambda case: f"{case['form']}-{case['picture']}-{case['kind']}"
)
def test_things_are_found_as_ultralytics_finds_them(case: dict[str, Any], tmp_path: Path) -> None:
    model = load_model(Settings(model_dir=DETECTORS[case["form"]](tmp_path)))
    wanted = Wanted(case["conf"], case["iou"], 300)

    [answer] = model.run([Item(encoded(scene(tuple(case["picture"])), case["kind"]), wanted)])

    # A box a row: left, top, right, bottom, score, class; in one order, whatever the order of equal scores.
    found = sorted(
        [round(entry["score"], 2), *entry["box"], COLOURS.index(entry["label"]), entry["score"]]
        for entry in json.loads(answer.fragment)["boxes"]
    )
    recorded = sorted([round(score, 2), *box, kind, score] for *box, score, kind in case["found"])
    assert len(found) == len(recorded)
    boxes, others = np.array(found)[:, 1:6], np.array(recorded)[:, 1:6]
    # JPEGs are decoded by another library than OpenCV's.
    slack = 0.02 if case["kind"] == "JPEG" else 0.005
    assert np.abs(boxes - others).max() <= 0.06
    assert np.abs(np.array(found)[:, 6] - np.array(recorded)[:, 6]).max() <= slack


@pytest.mark.parametrize("case", SCORES, ids=lambda case: f"{case['picture']}-{case['kind']}")
def test_pictures_are_classified_as_ultralytics_classifies_them(case: dict[str, Any], tmp_path: Path) -> None:
    model = load_model(Settings(model_dir=classifier(tmp_path)))

    [answer] = model.run([Item(encoded(scene(tuple(case["picture"])), case["kind"]))])

    scores = {entry["label"]: entry["score"] for entry in json.loads(answer.fragment)}
    # JPEGs are decoded by another library than OpenCV's; the model's scores are ten times a brightness.
    slack = 0.05 if case["kind"] == "JPEG" else 0.001
    assert [scores[colour] for colour in COLOURS] == pytest.approx(case["scores"], abs=slack)


def test_every_case_is_recorded() -> None:
    assert [tuple(case["picture"]) for case in SCORES] == [case["picture"] for case in CLASSIFIED]
    keys = ("form", "kind", "conf", "iou")

    assert [[case[key] for key in keys] for case in RECORDED] == [
        [case[key] for key in keys] for case in PREDICTIONS
    ]
    assert {len(case["found"]) for case in RECORDED} >= {1, 7, 8, 17}
