"""Trains the plate detector: Ultralytics' YOLOv8n from random weights, on plates that `pictures.py` draws.

`make -C examples plates` runs it, then `ask.py`. What it writes is never committed: weights made with
Ultralytics are under the AGPL-3.0. See README.md.
"""

import argparse
import json
import os
import shutil
import time
from pathlib import Path

# Nothing is fetched and nothing is installed while it runs.
os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")

import numpy as np
from pictures import SIDE, picture

HERE = Path(__file__).parent
SEED = 20261121
VALIDATED = 60


def main() -> None:
    """Draws, trains, and exports with and without non-maximum suppression."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for pictures, runs and exports")
    parser.add_argument("--pictures", type=int, default=200, help="how many are learned from")
    parser.add_argument("--epochs", type=int, default=12)
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    os.environ["YOLO_CONFIG_DIR"] = str(work)
    from ultralytics import YOLO  # noqa: PLC0415 - it reads where its settings are when it is imported

    started = time.monotonic()
    rng = np.random.default_rng(SEED)
    shutil.rmtree(work / "data", ignore_errors=True)
    draw(work / "data/train", arguments.pictures, rng)
    draw(work / "data/val", VALIDATED, rng)
    data = work / "data/data.yaml"
    # JSON is YAML too.
    data.write_text(
        json.dumps({"path": str(data.parent), "train": "train", "val": "val", "names": {0: "plate"}})
    )
    model = YOLO("yolov8n.yaml")
    model.train(
        data=str(data),
        imgsz=SIDE,
        epochs=arguments.epochs,
        batch=4,
        workers=0,
        device="cpu",
        amp=False,
        pretrained=False,
        optimizer="AdamW",
        lr0=2e-3,
        warmup_epochs=1,
        close_mosaic=4,
        plots=False,
        seed=SEED,
        project=str(work / "runs"),
        name="plates",
        exist_ok=True,
    )
    best = work / "runs/plates/weights/best.pt"
    measured = YOLO(best).val(
        data=str(data), imgsz=SIDE, device="cpu", workers=0, plots=False, project=str(work / "runs")
    )
    for folder, options in ((HERE / "model", {}), (work / "nms", {"nms": True})):
        exported = YOLO(best).export(format="onnx", imgsz=SIDE, dynamic=False, simplify=True, **options)
        folder.mkdir(exist_ok=True)
        shutil.move(exported, folder / "model.onnx")
    print(
        f"mAP50 {measured.box.map50:.3f}, mAP50-95 {measured.box.map:.3f} on {VALIDATED} drawings: no claim; "
        f"{time.monotonic() - started:.0f} s"
    )


def draw(folder: Path, count: int, rng: np.random.Generator) -> None:
    """Pictures with their boxes beside them, as Ultralytics reads them."""
    folder.mkdir(parents=True)
    for index in range(count):
        image, boxes = picture(rng)
        image.save(folder / f"{index:04}.jpg", quality=90)
        rows = (
            f"0 {(box.left + box.right) / 2 / SIDE:.6f} {(box.top + box.bottom) / 2 / SIDE:.6f} "
            f"{(box.right - box.left) / SIDE:.6f} {(box.bottom - box.top) / SIDE:.6f}"
            for box in boxes
        )
        (folder / f"{index:04}.txt").write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
