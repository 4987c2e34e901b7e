"""What a sink of records offers."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class SinkError(Exception):
    """Records could not be written; the message says why, and holds none of them."""


class Sink(Protocol):
    """Takes records, in a thread of its own; it may block."""

    def write(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Write records.

        Raises:
            SinkError: They could not be written, and are lost.
        """

    def close(self) -> None:
        """Let go of what is open."""
