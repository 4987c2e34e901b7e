import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.tasks.pictures.decode import Decoded
from modelyard_server.tasks.pictures.letterbox import Letterbox
from tests.server.image_models import plain, textured
from tests.server.tasks.parity.cases import picture, samples

RECORDED = json.loads((Path(__file__).parents[1] / "parity" / "letterboxes.json").read_text())


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: f"{case['size']}-{case['auto']}")
def test_frames_are_those_of_ultralytics(case: dict[str, Any]) -> None:
    original = picture(tuple(case["size"]))
    letterbox = Letterbox((64, 64), stride=32 if case["auto"] else None)

    framed, _ = letterbox.place(Decoded(original, *original.size))

    assert list(framed.size) == case["frame"]
    # Pillow cuts what OpenCV rounds: at most one step of 255.
    difference = np.abs(np.array(samples(np.asarray(framed).transpose(2, 0, 1))) - np.array(case["samples"]))
    assert difference.max() <= 1


def slowly(pixels: Any, size: tuple[int, int]) -> Any:
    height, width = pixels.shape[:2]
    out = np.zeros((size[1], size[0], 3))
    for row in range(size[1]):
        for column in range(size[0]):
            y = (row + 0.5) * height / size[1] - 0.5
            x = (column + 0.5) * width / size[0] - 0.5
            top, left = int(np.floor(y)), int(np.floor(x))
            total = np.zeros(3)
            for dy, weight_y in ((0, 1 - (y - top)), (1, y - top)):
                for dx, weight_x in ((0, 1 - (x - left)), (1, x - left)):
                    one = pixels[min(max(top + dy, 0), height - 1), min(max(left + dx, 0), width - 1)]
                    total += weight_x * weight_y * one
            out[row, column] = total
    return out


def test_pixels_between_pixels_are_the_nearest_fours() -> None:
    original = textured((50, 37))

    framed, placed = Letterbox((32, 32)).place(Decoded(original, 50, 37))

    assert placed.offset == (0, 4)
    expected = slowly(np.asarray(original).astype(float), (32, 24))
    assert np.abs(np.asarray(framed)[4:28] - expected).max() <= 1
    assert (np.asarray(framed)[[0, 3, 28, 31]] == 114).all()


@given(
    width=st.integers(1, 3000),
    height=st.integers(1, 3000),
    stride=st.sampled_from([None, 32]),
    box=st.tuples(*[st.floats(0, 1)] * 4),
)
def test_a_box_comes_back_to_where_it_was(
    width: int, height: int, stride: int | None, box: tuple[float, float, float, float]
) -> None:
    letterbox = Letterbox((64, 96), stride)
    fitted = letterbox.fitted((width, height))
    # The decoder may have made it small already; the way back is the original's all the same.
    framed, placed = letterbox.place(Decoded(plain("red", fitted), width, height))
    where = np.array([box]) * [width, height, width, height]

    inside = where * (placed.gain * 2) + (placed.offset * 2)

    assert np.allclose(placed.restore(inside), where, atol=1e-6 * max(width, height))
    assert framed.size[0] <= 64 and framed.size[1] <= 96
    assert stride is None or all(side % stride == 0 for side in framed.size)


def test_boxes_end_at_the_pictures_edges() -> None:
    _, placed = Letterbox((64, 64)).place(Decoded(plain("red", (64, 32)), 128, 64))

    assert placed.restore(np.array([[-5.0, 0.0, 70.0, 64.0]])).tolist() == [[0.0, 0.0, 128.0, 64.0]]
