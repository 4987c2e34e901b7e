"""The detectors that both sides of a parity check run."""

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.server.image_models import chosen_graph, detector_graph, detector_model

DETECTORS: Mapping[str, Callable[[Path], Path]] = {
    "fixed": detector_model,
    "free": lambda directory: detector_model(
        directory, detector_graph(batch="batch", free=True), stride="16", args="{'dynamic': True}"
    ),
    "chosen": lambda directory: detector_model(directory, chosen_graph(), args="{'nms': True}"),
}
