"""What both sides of a parity check are given; it needs numpy and Pillow alone."""

from typing import Any

import numpy as np
from PIL import Image, ImageDraw

DETECTIONS = [
    {"seed": 1, "classes": 3, "boxes": 200, "conf": 0.25, "iou": 0.7, "most": 300},
    {"seed": 2, "classes": 1, "boxes": 400, "conf": 0.1, "iou": 0.45, "most": 300},
    {"seed": 3, "classes": 20, "boxes": 800, "conf": 0.25, "iou": 0.3, "most": 12},
    {"seed": 4, "classes": 2, "boxes": 300, "conf": 0.0, "iou": 0.9, "most": 40},
]

PICTURES = [(640, 480), (48, 90), (97, 61)]

PROCESSORS: list[dict[str, Any]] = [
    {"class": "ViTImageProcessor", "size": {"height": 32, "width": 32}, "resample": 2},
    {"class": "ViTImageProcessor", "size": {"height": 24, "width": 40}, "resample": 3, "do_normalize": False},
    {
        "class": "DeiTImageProcessor",
        "size": {"height": 40, "width": 40},
        "crop_size": {"height": 32, "width": 32},
        "resample": 3,
    },
    {"class": "ConvNextImageProcessor", "size": {"shortest_edge": 32}, "crop_pct": 0.875, "resample": 3},
    {"class": "ConvNextImageProcessor", "size": {"shortest_edge": 384}, "crop_pct": 0.875, "resample": 3},
    {
        "class": "MobileNetV2ImageProcessor",
        "size": {"shortest_edge": 37},
        "crop_size": {"height": 32, "width": 32},
        "resample": 2,
    },
    {
        "class": "MobileViTImageProcessor",
        "size": {"shortest_edge": 36},
        "crop_size": {"height": 32, "width": 32},
        "resample": 2,
    },
    {
        "class": "CLIPImageProcessor",
        "size": {"shortest_edge": 32},
        "crop_size": {"height": 32, "width": 32},
        "resample": 3,
    },
    {
        "class": "BitImageProcessor",
        "size": {"shortest_edge": 33},
        "crop_size": {"height": 30, "width": 30},
        "resample": 3,
    },
    {"class": "EfficientNetImageProcessor", "size": {"height": 32, "width": 32}, "resample": 0},
    {
        "class": "LevitImageProcessor",
        "size": {"shortest_edge": 28},
        "crop_size": {"height": 28, "width": 28},
        "resample": 3,
    },
    {
        "class": "PoolFormerImageProcessor",
        "size": {"shortest_edge": 32},
        "crop_size": {"height": 32, "width": 32},
        "crop_pct": 0.9,
        "resample": 3,
    },
]


def candidates(seed: int, classes: int, boxes: int) -> Any:
    """A detector's raw output, [4 + classes, boxes]: clusters of boxes, each with a score a class."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(60, 580, (12, 2))
    middle = centres[rng.integers(0, 12, boxes)] + rng.normal(0, 12, (boxes, 2))
    sides = rng.uniform(40, 120, (boxes, 2))
    scores = rng.uniform(0, 1, (boxes, classes)) ** 3
    return np.concatenate((middle, sides, scores), axis=1).T.astype(np.float32)


def picture(size: tuple[int, int]) -> Image.Image:
    """Waves, the same on every machine."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    waves = [(x * (c + 3) + y * (5 - c) + (x * y) // 16) % 256 for c in range(3)]
    folded = [np.where(wave < 128, wave * 2, 511 - wave * 2) for wave in waves]
    return Image.fromarray(np.stack(folded, axis=2).astype(np.uint8))


def samples(tensor: Any) -> list[float]:
    """Some of a tensor's numbers, [channels, height, width], that tell whether it is the same."""
    array = np.asarray(tensor, dtype=np.float64)
    _, height, width = array.shape
    rows, columns = np.linspace(0, height - 1, 6).astype(int), np.linspace(0, width - 1, 6).astype(int)
    return [round(float(value), 4) for value in array[:, rows][:, :, columns].ravel()]


PREDICTIONS: list[dict[str, Any]] = [
    {"form": form, "picture": size, "kind": kind, "conf": conf, "iou": iou}
    for form in ("fixed", "free", "chosen")
    for size, kind, conf, iou in (
        ((640, 480), "PNG", 0.2, 0.7),
        ((61, 97), "PNG", 0.05, 0.05),
        ((300, 90), "JPEG", 0.2, 0.7),
    )
]


CLASSIFIED: list[dict[str, Any]] = [
    {"picture": (640, 480), "kind": "PNG"},
    {"picture": (61, 97), "kind": "PNG"},
    {"picture": (33, 32), "kind": "PNG"},
    {"picture": (300, 90), "kind": "JPEG"},
]


def scene(size: tuple[int, int]) -> Image.Image:
    """Coloured boxes on a dark picture, a few of them over each other, whose edges fall between cells."""
    image = picture(size).point(lambda value: value // 8)
    pen = ImageDraw.Draw(image)
    width, height = size
    for index, colour in enumerate(("#ff0000", "#00ff00", "#0000ff", "#c81010")):
        left, top = width * (index * 23 + 5) // 100, height * (index * 17 + 8) // 100
        pen.rectangle((left, top, left + width // 3, top + height // 4), fill=colour)
    return image
