"""Records on standard output, a line each, among the server's own."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import orjson

from modelyard_server.edge.settings import LogSettings
from modelyard_server.edge.sinks.base import SinkError


class StdoutSink:
    """Writes `{"event": "request", …}`.

    Args:
        settings: Not looked at.
        stream: Where to.
    """

    def __init__(self, settings: LogSettings, stream: TextIO | None = None) -> None:  # noqa: ARG002 - as every sink
        self._stream = stream

    def write(self, records: Sequence[Mapping[str, Any]]) -> None:
        """See `Sink.write`."""
        stream = self._stream or sys.stdout
        try:
            for record in records:
                # One write a line, so that lines of other threads stay whole.
                stream.write(orjson.dumps({"event": "request", **record}).decode() + "\n")
            stream.flush()
        except (OSError, ValueError) as error:
            raise SinkError(f"standard output: {error}") from None

    def close(self) -> None:
        """Nothing is open."""
