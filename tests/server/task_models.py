"""A small model of each task, for what every task must pass."""

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.server import tabular_models
from tests.server.embedding_models import embedding_model
from tests.server.image_models import COLOURS, colour_model, detector_model
from tests.server.models import linear_model, text_model


def colours(directory: Path) -> Path:
    """A classifier of pictures by their colour."""
    return colour_model(directory, modelyard={"image": {"resize": "stretch"}, "labels": list(COLOURS)})


def flowers(directory: Path) -> Path:
    """A classifier of rows of four numbers."""
    return tabular_models.logistic_regression().save(directory)


TASKS: Mapping[str, Callable[[Path], Path]] = {
    "text-classification": text_model,
    "text-embedding": lambda directory: embedding_model(directory, ["Transformer", "Pooling", "Normalize"]),
    "tabular": flowers,
    "tensor": linear_model,
    "image-classification": colours,
    "object-detection": detector_model,
}
