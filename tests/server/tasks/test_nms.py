import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard_server.tasks.detection_settings import Form
from modelyard_server.tasks.detections import Wanted, find
from modelyard_server.tasks.nms import suppress
from tests.server.tasks.parity.cases import candidates

RECORDED = json.loads((Path(__file__).parent / "parity" / "detections.json").read_text())


def overlap(one: Any, other: Any) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0) * max(height, 0)
    union = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1]) - shared
    return float(shared / union) if union > 0 else 0.0


def slowly(boxes: Any, scores: Any, classes: Any, iou: float, most: int) -> list[int]:
    order = sorted(range(len(scores)), key=lambda index: (-scores[index], index))
    kept: list[int] = []
    for index in order:
        if len(kept) == most:
            break
        if all(
            classes[index] != classes[better] or overlap(boxes[index], boxes[better]) <= iou
            for better in kept
        ):
            kept.append(index)
    return kept


@given(
    boxes=st.lists(
        st.tuples(*[st.integers(0, 12)] * 2, *[st.integers(0, 6)] * 2, st.integers(0, 9), st.integers(0, 1)),
        max_size=25,
    ),
    # Quarters are exact in every precision, and the odd ones are no box's own overlap.
    iou=st.sampled_from([0.0, 0.26, 0.5, 0.71, 1.0]),
    most=st.integers(1, 30),
)
@settings(max_examples=300)
def test_the_same_boxes_stay_as_when_each_is_held_against_each(
    boxes: list[tuple[int, ...]], iou: float, most: int
) -> None:
    table = np.array(boxes, dtype=np.float64).reshape(-1, 6)
    corners = np.concatenate((table[:, :2], table[:, :2] + table[:, 2:4]), axis=1)
    scores, classes = table[:, 4] / 10, table[:, 5]

    kept = suppress(corners, scores, classes, iou, most)

    assert kept.tolist() == slowly(corners, scores, classes, iou, most)


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: f"seed{case['seed']}-iou{case['iou']}")
def test_the_same_boxes_stay_as_in_ultralytics(case: dict[str, Any]) -> None:
    output = candidates(case["seed"], case["classes"], case["boxes"])
    assert len(case["kept"]) > 5

    found = find(output, Form.CANDIDATES, Wanted(case["conf"], case["iou"], case["most"]))

    expected = np.array(case["kept"])
    assert found.classes.tolist() == expected[:, 5].astype(int).tolist()
    assert np.allclose(found.scores, expected[:, 4], atol=1e-4)
    assert np.allclose(found.boxes, expected[:, :4], atol=2e-3)
