"""What every task offers: it turns requests into items, items into tensors and tensors into answers.

A task is pure: it knows neither transports nor caches nor engines. Items of different requests may share
a batch, so whatever a request asks for travels with each of its items.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from modelyard_server.artifact.describe import Artifact
from modelyard_server.engines.base import Array, Signature, Tensors
from modelyard_server.tasks.v2 import V2Request, V2Tensor


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may hold.

    Attributes:
        max_items: Most items.
        max_item_bytes: Most bytes of one item, as it came.
        max_pixels: Most pixels of one picture, told by its header before it is decoded.
        image_urls: Whether pictures may be given by their address.
    """

    max_items: int
    max_item_bytes: int
    max_pixels: int = 50_000_000
    image_urls: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request of `POST /predict`, as it came.

    Attributes:
        body: Its body.
        content_type: Its `Content-Type` with parameters; empty: none was given, which means JSON.
        query: The parameters of its address.
    """

    body: bytes
    content_type: str = ""
    query: Mapping[str, str] = field(default_factory=dict)


class RemoteItem(NamedTuple):
    """An item that stands elsewhere; its bytes take its place before anything else happens.

    Attributes:
        url: Its address.
    """

    url: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """A request that is right.

    Attributes:
        values: Its items, in order; of a type that only the task knows.
        parameters: What the request asks for beyond its items, and the answer depends on.
        loc: Where the list of items stands in the request; an item's own place is its index therein.
        remote: Whether some of the values are `RemoteItem`s.
    """

    values: Sequence[Any]
    parameters: Any = None
    loc: tuple[str | int, ...] = ("body",)
    remote: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One item on its way to the engine.

    Attributes:
        value: See `Parsed.values`.
        parameters: See `Parsed.parameters`.
        nbytes: About how many bytes it holds while it waits.
    """

    value: Any
    parameters: Any = None
    nbytes: int = 0


@dataclass(frozen=True, slots=True)
class Prepared:
    """One item ready to take its place in a batch.

    Attributes:
        item: The item.
        payload: Its tensors, or what `collate` makes them from; of a type that only the task knows.
        size: What it adds to its batch where items of different size are padded to the largest (a text's
            tokens); the same number for every item where none is padded.
        truncated: Whether a part of the item was left out.
        group: Only items of equal groups share a batch (tensors of one shape).
        nbytes: Bytes of its tensors in a batch, the payload having no more; 0: too few to count.
    """

    item: Item
    payload: Any
    size: int = 1
    truncated: bool = False
    group: Hashable = None
    nbytes: int = 0


class Answer(NamedTuple):
    """The answer to one item; the same for every transport, and what caches keep.

    Attributes:
        fragment: The entry of `predictions`, as JSON.
        truncated: Whether a part of the item was left out.
    """

    fragment: bytes
    truncated: bool = False


class InvalidItemError(Exception):
    """An item turns out to be wrong only when it is prepared, such as a picture that can't be decoded.

    Attributes:
        index: Its index among the items that `prepare` got.
        msg: What is wrong, and the mend.
        kind: The error's type, as in `InvalidRequestError`.
    """

    def __init__(self, index: int, msg: str, kind: str = "value_error") -> None:
        super().__init__(msg)
        self.index = index
        self.msg = msg
        self.kind = kind


class Task(Protocol):
    """A kind of model. Its blocking methods are called off the event loop, from several threads at once."""

    @property
    def fixed_batch(self) -> int | None:
        """The only batch size that the model takes; None: any."""

    def parse(self, request: Request) -> Parsed:
        """Read a request of `POST /predict`.

        Raises:
            InvalidRequestError: Naming the field and the mend.
        """

    def parse_v2(self, request: V2Request) -> Parsed:
        """Read an Open Inference Protocol request.

        Raises:
            InvalidRequestError: Naming the field and the mend.
        """

    def canonical(self, value: Any) -> bytes:
        """The bytes that stand for an item in a cache key: equal items, equal bytes."""

    def canonical_parameters(self, parameters: Any) -> bytes:
        """The bytes that stand for a request's parameters in a cache key."""

    def prepare(self, items: Sequence[Item]) -> list[Prepared]:
        """Tokenize, decode, resize: all that each item needs by itself. Blocks.

        Raises:
            InvalidItemError: An item is wrong.
        """

    def collate(self, batch: Sequence[Prepared]) -> Tensors:
        """Put items together to tensors by input name; their first dimension is the batch. Blocks."""

    def decode(self, batch: Sequence[Prepared], outputs: Mapping[str, Array]) -> list[Answer]:
        """Turn the engine's outputs into one answer an item. Blocks."""

    def outputs_v2(self, answers: Sequence[Answer]) -> list[V2Tensor]:
        """Render answers as the outputs of an Open Inference Protocol answer."""

    def metadata_v2(self) -> dict[str, list[dict[str, Any]]]:
        """The `inputs` and `outputs` of the model's metadata in the Open Inference Protocol."""

    def warm_up(self) -> Sequence[Item]:
        """Items to run before the first request."""

    def openapi(self) -> dict[str, Any]:
        """The operation `POST /predict` for the API's documentation, with an example that works."""


Builder = Callable[[Artifact, Signature, Limits], Task]
"""Builds a task from the artifact and what the model says of itself; raises SourceError."""
