"""Records what Ultralytics' own `predict` finds with the detectors of `tests/server/image_models.py`.

python -m tests.server.tasks.parity.record_predictions     from the root, where `ultralytics`, `onnx`,
                                                           `onnxruntime` and `tokenizers` are installed;
                                                           writes predictions.json beside itself
"""

import json
import tempfile
from pathlib import Path

from ultralytics import YOLO

from tests.server.image_models import encoded
from tests.server.tasks.parity.cases import PREDICTIONS, scene
from tests.server.tasks.parity.detectors import DETECTORS


def main() -> None:
    """Writes the boxes of each case."""
    recorded = []
    with tempfile.TemporaryDirectory() as scratch:
        for case in PREDICTIONS:
            model = DETECTORS[case["form"]](Path(scratch) / case["form"]) / "model.onnx"
            picture = Path(scratch) / f"picture.{case['kind'].lower()}"
            picture.write_bytes(encoded(scene(case["picture"]), case["kind"]))
            # A model of a fixed size takes a square; a free one gets the smallest frame that it may.
            [found] = YOLO(str(model), task="detect").predict(
                str(picture),
                imgsz=64,
                conf=case["conf"],
                iou=case["iou"],
                rect=case["form"] == "free",
                verbose=False,
            )
            rows = [[round(value, 3) for value in row] for row in found.boxes.data.tolist()]
            recorded.append({**case, "found": rows})
    path = Path(__file__).parent / "predictions.json"
    path.write_text(json.dumps(recorded) + "\n")


if __name__ == "__main__":
    main()
