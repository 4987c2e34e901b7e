"""The models that both sides of a parity check run."""

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.server.image_models import (
    COLOURS,
    chosen_graph,
    colour_model,
    detector_graph,
    detector_model,
)

DETECTORS: Mapping[str, Callable[[Path], Path]] = {
    "fixed": detector_model,
    "free": lambda directory: detector_model(
        directory, detector_graph(batch="batch", free=True), stride="16", args="{'dynamic': True}"
    ),
    "chosen": lambda directory: detector_model(directory, chosen_graph(), args="{'nms': True}"),
}


def classifier(directory: Path) -> Path:
    """A classifier as Ultralytics' exporter writes it."""
    metadata = {
        "author": "Ultralytics",
        "task": "classify",
        "stride": "1",
        "batch": "1",
        "imgsz": "[32, 32]",
        "names": str(dict(enumerate(COLOURS))),
    }
    return colour_model(directory, size=32, batch=1, metadata=metadata)
