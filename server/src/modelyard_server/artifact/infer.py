"""What a model does, told from what its artifact holds: one line a task.

`resolve` asks before the model's file is there, `serve` once it is open.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from modelyard_server.artifact.manifest import Manifest
from modelyard_server.artifact.sentence_transformers import MODULES_FILE, POOLING_CONFIG
from modelyard_server.artifact.ultralytics import CLASSIFY, DETECT

TEXT_CLASSIFICATION: Final = "text-classification"
IMAGE_CLASSIFICATION: Final = "image-classification"
OBJECT_DETECTION: Final = "object-detection"
TEXT_EMBEDDING: Final = "text-embedding"
TABULAR: Final = "tabular"
TENSOR: Final = "tensor"

PRODUCER: Final = "producer_name"
"""The program that wrote a model's file, among its metadata."""
_TABLE_EXPORTERS: Final = frozenset({"skl2onnx", "OnnxMLTools"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an artifact.

    Attributes:
        names: Its files' names, relative to its root.
        config: Hugging Face's `config.json`; empty where there is none.
        metadata: What the exporter wrote into the model's file; None: it is not there yet.
        manifest: `modelyard.json`.
    """

    names: Sequence[str]
    config: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, str] | None = None
    manifest: Manifest = field(default_factory=Manifest)

    def architecture(self, suffix: str) -> bool:
        """Whether `config.json` names an architecture that ends so."""
        architectures = self.config.get("architectures")
        names = architectures if isinstance(architectures, list) else []
        return any(str(name).endswith(suffix) for name in names)

    def says_task(self, task: str) -> bool:
        """Whether Ultralytics' exporter wrote this task into the model's file."""
        return self.metadata is not None and "names" in self.metadata and self.metadata.get("task") == task


RULES: Sequence[tuple[str, Callable[[Facts], bool]]] = (
    (
        TEXT_CLASSIFICATION,
        lambda facts: facts.architecture("ForSequenceClassification"),
    ),
    (
        IMAGE_CLASSIFICATION,
        lambda facts: (
            facts.manifest.image is not None
            or facts.architecture("ForImageClassification")
            or facts.says_task(CLASSIFY)
        ),
    ),
    (
        OBJECT_DETECTION,
        lambda facts: facts.manifest.detection is not None or facts.says_task(DETECT),
    ),
    (
        TEXT_EMBEDDING,
        lambda facts: (
            facts.manifest.embedding is not None
            or (MODULES_FILE in facts.names and any(map(POOLING_CONFIG.fullmatch, facts.names)))
        ),
    ),
    (
        TABULAR,
        lambda facts: (
            facts.manifest.tabular is not None or (facts.metadata or {}).get(PRODUCER) in _TABLE_EXPORTERS
        ),
    ),
)
"""Tasks and what makes an artifact theirs; the first that fits is taken."""


def infer_task(facts: Facts) -> str | None:
    """Tell the task.

    Returns:
        Its name; None: it is not certain before the model's file is open. What is of no other task is
        tensors in and tensors out.
    """
    for task, fits in RULES:
        if fits(facts):
            return task
    return None if facts.metadata is None else TENSOR
