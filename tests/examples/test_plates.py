import subprocess

import numpy as np
import pytest
import yaml

from tests.examples.loading import EXAMPLES, module

PICTURES = module("plates", "pictures")


def test_boxes_are_where_plates_are() -> None:
    rng = np.random.default_rng(5)
    for _ in range(10):
        image, boxes = PICTURES.picture(rng)
        grey = np.asarray(image.convert("L"), dtype=float)
        assert boxes
        for box in boxes:
            assert 0 <= box.left < box.right <= PICTURES.SIDE
            assert 0 <= box.top < box.bottom <= PICTURES.SIDE
            inside = grey[round(box.top) : round(box.bottom), round(box.left) : round(box.right)]
            # Paper and ink: whatever the light, a plate holds both.
            assert np.ptp(inside) > 40


def test_no_plate_hides_another() -> None:
    rng = np.random.default_rng(6)
    for _ in range(20):
        _, boxes = PICTURES.picture(rng)
        for index, box in enumerate(boxes):
            assert all(PICTURES.intersection_over_union(box, other) == 0 for other in boxes[:index])


@pytest.mark.parametrize(
    ("other", "overlap"), [((0, 0, 2, 2), 1), ((1, 0, 3, 2), 1 / 3), ((2, 0, 4, 2), 0), ((5, 5, 6, 6), 0)]
)
def test_overlap_is_the_share_of_the_union(other: tuple[float, ...], overlap: float) -> None:
    found = PICTURES.intersection_over_union(PICTURES.Box(0, 0, 2, 2), PICTURES.Box(*other))

    assert found == pytest.approx(overlap)


def test_its_weights_are_never_committed() -> None:
    def git(*arguments: str) -> str:
        run = subprocess.run(["git", *arguments], cwd=EXAMPLES, capture_output=True, text=True, check=False)
        return run.stdout

    assert git("check-ignore", "plates/model/model.onnx")
    assert not git("ls-files", "plates/model")


def test_resource_names_what_the_make_target_writes() -> None:
    resource = yaml.safe_load((EXAMPLES / "plates.yaml").read_text())

    assert resource["metadata"]["name"] == "plates"
    assert resource["spec"]["model"]["uri"] == "s3://models/plates"
