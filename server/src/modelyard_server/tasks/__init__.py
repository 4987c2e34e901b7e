"""What a model does: one line a task."""

from modelyard_server.artifact.infer import (
    IMAGE_CLASSIFICATION,
    OBJECT_DETECTION,
    TABULAR,
    TENSOR,
    TEXT_CLASSIFICATION,
    TEXT_EMBEDDING,
)
from modelyard_server.tasks import (
    image_classification,
    object_detection,
    tabular,
    tensor,
    text_classification,
    text_embedding,
)
from modelyard_server.tasks.base import Answer, Builder, Item, Limits, Parsed, Prepared, Request, Task

TASKS: dict[str, Builder] = {
    TEXT_CLASSIFICATION: text_classification.build,
    TEXT_EMBEDDING: text_embedding.build,
    TABULAR: tabular.build,
    IMAGE_CLASSIFICATION: image_classification.build,
    OBJECT_DETECTION: object_detection.build,
    TENSOR: tensor.build,
}

__all__ = ["TASKS", "Answer", "Builder", "Item", "Limits", "Parsed", "Prepared", "Request", "Task"]
