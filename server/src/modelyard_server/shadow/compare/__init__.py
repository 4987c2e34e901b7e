"""How answers are compared: one line a task."""

from modelyard_server.artifact.infer import (
    IMAGE_CLASSIFICATION,
    OBJECT_DETECTION,
    TABULAR,
    TENSOR,
    TEXT_CLASSIFICATION,
    TEXT_EMBEDDING,
)
from modelyard_server.shadow.compare import boxes, classes, tabular, tensors, vectors
from modelyard_server.shadow.compare.base import Build, Comparer, Difference

COMPARERS: dict[str, Build] = {
    TEXT_CLASSIFICATION: classes.build,
    TEXT_EMBEDDING: vectors.build,
    TABULAR: tabular.build,
    IMAGE_CLASSIFICATION: classes.build,
    OBJECT_DETECTION: boxes.build,
    TENSOR: tensors.build,
}

__all__ = ["COMPARERS", "Build", "Comparer", "Difference"]
