"""What a model does, told from what its artifact holds: one line a task.

`resolve` asks before the model's file is there, `serve` once it is open.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

TEXT_CLASSIFICATION: Final = "text-classification"
TENSOR: Final = "tensor"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an artifact.

    Attributes:
        names: Its files' names, relative to its root.
        config: Hugging Face's `config.json`; empty where there is none.
        metadata: What the exporter wrote into the model's file; None: it is not there yet.
    """

    names: Sequence[str]
    config: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, str] | None = None

    def architecture(self, suffix: str) -> bool:
        """Whether `config.json` names an architecture that ends so."""
        architectures = self.config.get("architectures")
        names = architectures if isinstance(architectures, list) else []
        return any(str(name).endswith(suffix) for name in names)


RULES: Sequence[tuple[str, Callable[[Facts], bool]]] = (
    (
        TEXT_CLASSIFICATION,
        lambda facts: facts.architecture("ForSequenceClassification"),
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
