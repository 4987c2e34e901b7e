"""Makes the models and pictures of the goals on pictures: `export.py FOLDER`.

All weights are random, so they serve for speed alone. Written are, each in a folder of its own:

- `classifier-96` and `classifier-224`: ShuffleNetV2 x0.5 (https://arxiv.org/abs/1807.11164), 1,000 classes;
- `detector`: YOLOv8n at 640 from Ultralytics' own yaml, exported as its documentation says
  (https://docs.ultralytics.com/modes/export/);
- `pictures`: Ultralytics' sample `bus.jpg`, and parts of it of at most 256 x 256.

A detector that has learnt nothing finds nothing at its usual confidence. So its normalizations get the
picture's own statistics, which spreads the scores, and `detector/modelyard.json` names the confidence that
leaves as many candidates to suppression as a trained one leaves on a busy street (`CANDIDATES`).
"""

import json
import os
import shutil
import sys
from pathlib import Path

# Ultralytics writes its settings and asks for updates as it is imported.
os.environ |= {"YOLO_CONFIG_DIR": sys.argv[1], "YOLO_OFFLINE": "true"}

import numpy as np
import onnxruntime as ort
import torch
import torchvision
from PIL import Image
from ultralytics import YOLO
from ultralytics.data.augment import LetterBox
from ultralytics.utils import ASSETS

SEED = 20261121
CANDIDATES = 100
SIDE = 640
SMALL = 256
SMALL_PICTURES = 16
OPSET = 17
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def classifier(folder: Path, side: int) -> None:
    """One classifier and how its pictures are prepared."""
    folder.mkdir()
    torch.manual_seed(SEED)
    network = torchvision.models.shufflenet_v2_x0_5(weights=None).eval()
    torch.onnx.export(
        network,
        (torch.zeros(1, 3, side, side),),
        str(folder / "model.onnx"),
        input_names=["pixels"],
        output_names=["logits"],
        dynamic_axes={"pixels": {0: "batch"}, "logits": {0: "batch"}},
        opset_version=OPSET,
        dynamo=False,
    )
    manifest = {
        "task": "image-classification",
        "labels": [f"class_{index}" for index in range(1000)],
        "image": {"size": side, "resize": "crop", "mean": MEAN, "std": STD},
    }
    (folder / "modelyard.json").write_text(json.dumps(manifest))


def detector(folder: Path, picture: Path) -> None:
    """The detector, and the confidence at which its suppression has work."""
    folder.mkdir()
    torch.manual_seed(SEED)
    yolo = YOLO("yolov8n.yaml")
    frame = np.asarray(LetterBox((SIDE, SIDE), auto=False)(image=np.asarray(Image.open(picture))))
    pixels = torch.from_numpy(frame.transpose(2, 0, 1)[None].copy()).float() / 255
    for module in yolo.model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            # The statistics of what is seen, as they are.
            module.momentum = None
    with torch.no_grad():
        yolo.model.train()
        yolo.model(pixels)
        yolo.model.eval()
    written = yolo.export(format="onnx", imgsz=SIDE, simplify=False, opset=OPSET, device="cpu")
    file = folder / "model.onnx"
    shutil.move(written, file)
    session = ort.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    output = session.run(None, {session.get_inputs()[0].name: pixels.numpy()})[0][0]
    scores = np.sort(output[4:].max(axis=0))[::-1]
    confidence = float(scores[CANDIDATES - 1] + scores[CANDIDATES]) / 2
    manifest = {"task": "object-detection", "detection": {"confidence": confidence, "iou": 0.7}}
    (folder / "modelyard.json").write_text(json.dumps(manifest))


def pictures(folder: Path, source: Path) -> None:
    """The whole one, and small parts of it, no two alike."""
    folder.mkdir()
    shutil.copy(source, folder / "large.jpg")
    image = Image.open(source)
    chance = np.random.default_rng(SEED)
    for index in range(SMALL_PICTURES):
        left, top = (int(chance.integers(0, side - 2 * SMALL)) for side in image.size)
        part = image.crop((left, top, left + 2 * SMALL, top + 2 * SMALL)).resize((SMALL, SMALL))
        part.save(folder / f"small-{index:02}.jpg", quality=90)


def main(folder: Path) -> None:
    """Write everything."""
    for side in (96, 224):
        classifier(folder / f"classifier-{side}", side)
    pictures(folder / "pictures", ASSETS / "bus.jpg")
    detector(folder / "detector", folder / "pictures" / "large.jpg")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
