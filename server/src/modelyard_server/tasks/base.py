"""What every task offers: it turns requests into items, items into tensors and tensors into answers.

A task is pure: it knows neither transports nor caches nor engines. Items of different requests may share
a batch, so whatever a request asks for travels with each of its items.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from modelyard_server.artifact.describe import Artifact
from modelyard_server.engines.base import Array, Tensors, TensorSpec


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may hold.

    Attributes:
        max_items: Most items.
        max_item_bytes: Most bytes of one item.
    """

    max_items: int
    max_item_bytes: int


@dataclass(frozen=True, slots=True)
class Parsed:
    """A request that is right.

    Attributes:
        values: Its items, in order; of a type that only the task knows.
        parameters: What the request asks for beyond its items, and the answer depends on.
    """

    values: Sequence[Any]
    parameters: Any = None


@dataclass(frozen=True, slots=True)
class Item:
    """One item on its way to the engine.

    Attributes:
        value: See `Parsed.values`.
        parameters: See `Parsed.parameters`.
    """

    value: Any
    parameters: Any = None


class Answer(NamedTuple):
    """The answer to one item; the same for every transport, and what caches keep.

    Attributes:
        fragment: The entry of `predictions`, as JSON.
        truncated: Whether a part of the item was left out.
    """

    fragment: bytes
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Encoded:
    """A batch that the engine can run.

    Attributes:
        feeds: Tensors by input name; their first dimension is the batch.
        truncated: For each item, whether a part of it was left out.
    """

    feeds: Tensors
    truncated: Sequence[bool]


class Task(Protocol):
    """A kind of model."""

    @property
    def fixed_batch(self) -> int | None:
        """The only batch size that the model takes; None: any."""

    def parse(self, body: bytes, query: Mapping[str, str]) -> Parsed:
        """Read the body of `POST /predict`.

        Raises:
            InvalidRequestError: Naming the field and the mend.
        """

    def parse_v2(self, body: Mapping[str, Any]) -> Parsed:
        """Read the body of an Open Inference Protocol request.

        Raises:
            InvalidRequestError: Naming the field and the mend.
        """

    def canonical(self, value: Any) -> bytes:
        """The bytes that stand for an item in a cache key: equal items, equal bytes."""

    def canonical_parameters(self, parameters: Any) -> bytes:
        """The bytes that stand for a request's parameters in a cache key."""

    def encode(self, items: Sequence[Item]) -> Encoded:
        """Turn a batch into tensors. Blocks; called off the event loop."""

    def decode(self, items: Sequence[Item], encoded: Encoded, outputs: Mapping[str, Array]) -> list[Answer]:
        """Turn the engine's outputs into one answer an item. Blocks; called off the event loop."""

    def outputs_v2(self, answers: Sequence[Answer]) -> list[dict[str, Any]]:
        """Render answers as the `outputs` of an Open Inference Protocol answer."""

    def metadata_v2(self) -> dict[str, list[dict[str, Any]]]:
        """The `inputs` and `outputs` of the model's metadata in the Open Inference Protocol."""

    def warm_up(self) -> Sequence[Item]:
        """Items to run before the first request."""

    def openapi(self) -> dict[str, Any]:
        """The operation `POST /predict` for the API's documentation, with an example that works."""


Builder = Callable[[Artifact, Sequence[TensorSpec], Sequence[TensorSpec], Limits], Task]
"""Builds a task from the artifact and the model's inputs and outputs; raises SourceError."""
