"""Records what Ultralytics makes of `cases.py`: run it where `ultralytics` is installed.

python -m tests.server.tasks.parity.record_detections     writes detections.json and letterboxes.json
"""

import json
from pathlib import Path

import numpy as np
import torch
from ultralytics.data.augment import LetterBox
from ultralytics.utils.nms import non_max_suppression

from tests.server.tasks.parity.cases import DETECTIONS, PICTURES, candidates, picture, samples

HERE = Path(__file__).parent


def main() -> None:
    """Writes both files."""
    recorded = []
    for case in DETECTIONS:
        output = torch.from_numpy(candidates(case["seed"], case["classes"], case["boxes"]))[None]
        kept = non_max_suppression(
            output, case["conf"], case["iou"], max_det=case["most"], nc=case["classes"]
        )[0]
        recorded.append({**case, "kept": [[round(float(value), 4) for value in row] for row in kept]})
    (HERE / "detections.json").write_text(json.dumps(recorded) + "\n")
    boxed = []
    for size in PICTURES:
        pixels = np.asarray(picture(size))
        for auto in (False, True):
            framed = LetterBox((64, 64), auto=auto, stride=32)(image=pixels.copy())
            boxed.append(
                {
                    "size": size,
                    "auto": auto,
                    "frame": framed.shape[1::-1],
                    "samples": samples(framed.transpose(2, 0, 1)),
                }
            )
    (HERE / "letterboxes.json").write_text(json.dumps(boxed) + "\n")


if __name__ == "__main__":
    main()
