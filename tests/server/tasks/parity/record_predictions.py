"""Records what Ultralytics' own `predict` makes of the models of `models.py`.

python -m tests.server.tasks.parity.record_predictions     from the root, where `ultralytics`, `onnx`,
                                                           `onnxruntime` and `tokenizers` are installed;
                                                           writes predictions.json and classes.json
                                                           beside itself
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from ultralytics import YOLO

from tests.server.image_models import encoded
from tests.server.tasks.parity.cases import CLASSIFIED, PREDICTIONS, scene
from tests.server.tasks.parity.models import DETECTORS, classifier

HERE = Path(__file__).parent


def main() -> None:
    """Writes both files."""
    (HERE / "predictions.json").write_text(json.dumps(found()) + "\n")
    (HERE / "classes.json").write_text(json.dumps(classified()) + "\n")


def classified() -> list[dict[str, Any]]:
    """The scores of each case, by class."""
    recorded = []
    with tempfile.TemporaryDirectory() as scratch:
        model = YOLO(str(classifier(Path(scratch)) / "model.onnx"), task="classify")
        for case in CLASSIFIED:
            picture = Path(scratch) / f"picture.{case['kind'].lower()}"
            picture.write_bytes(encoded(scene(case["picture"]), case["kind"]))
            [result] = model.predict(str(picture), imgsz=32, verbose=False)
            recorded.append({**case, "scores": [round(score, 5) for score in result.probs.data.tolist()]})
    return recorded


def found() -> list[dict[str, Any]]:
    """The boxes of each case."""
    recorded = []
    with tempfile.TemporaryDirectory() as scratch:
        for case in PREDICTIONS:
            model = DETECTORS[case["form"]](Path(scratch) / case["form"]) / "model.onnx"
            picture = Path(scratch) / f"picture.{case['kind'].lower()}"
            picture.write_bytes(encoded(scene(case["picture"]), case["kind"]))
            # A model of a fixed size takes a square; a free one gets the smallest frame that it may.
            [result] = YOLO(str(model), task="detect").predict(
                str(picture),
                imgsz=64,
                conf=case["conf"],
                iou=case["iou"],
                rect=case["form"] == "free",
                verbose=False,
            )
            rows = [[round(value, 3) for value in row] for row in result.boxes.data.tolist()]
            recorded.append({**case, "found": rows})
    return recorded


if __name__ == "__main__":
    main()
