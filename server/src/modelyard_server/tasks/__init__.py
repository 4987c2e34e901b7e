"""What a model does: one line a task."""

from modelyard_server.artifact.describe import TENSOR, TEXT_CLASSIFICATION
from modelyard_server.tasks.base import Answer, Builder, Encoded, Item, Limits, Parsed, Task
from modelyard_server.tasks.tensor import build as build_tensor
from modelyard_server.tasks.text_classification import build as build_text_classification

TASKS: dict[str, Builder] = {
    TEXT_CLASSIFICATION: build_text_classification,
    TENSOR: build_tensor,
}

__all__ = ["TASKS", "Answer", "Builder", "Encoded", "Item", "Limits", "Parsed", "Task"]
