"""Records in a file that is rotated, so that it never takes more than a bounded room."""

import logging
from collections.abc import Mapping, Sequence
from logging.handlers import RotatingFileHandler
from typing import Any, Final

import orjson

from modelyard_server.edge.settings import LogSettings
from modelyard_server.edge.sinks.base import SinkError

MAX_BYTES: Final = 64 * 1024 * 1024
BACKUPS: Final = 3
"""Full files that are kept beside the one being written: `PATH.1` is the newest."""


class FileSink:
    """Writes a line a record.

    Args:
        settings: Their `path` says where to; its directory must be there.
        max_bytes: Size at which a file is full.
    """

    def __init__(self, settings: LogSettings, max_bytes: int = MAX_BYTES) -> None:
        self._path = str(settings.path)
        self._handler = _Handler(self._path, maxBytes=max_bytes, backupCount=BACKUPS, delay=True)

    def write(self, records: Sequence[Mapping[str, Any]]) -> None:
        """See `Sink.write`."""
        try:
            for record in records:
                line = orjson.dumps(record).decode()
                self._handler.emit(logging.makeLogRecord({"msg": line}))
        except OSError as error:
            raise SinkError(f"{self._path}: {error.strerror or error}") from None

    def close(self) -> None:
        """Close the file."""
        self._handler.close()


class _Handler(RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - logging's signature
        """Let the sink hear of it, where logging would print it."""
        raise  # noqa: PLE0704 - called while the error is handled
