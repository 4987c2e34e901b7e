"""Brings records of requests to their sink, never at a request's cost."""

import random
import threading
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from typing import Any, Final

import structlog

from modelyard_server.edge.record import Record, render, seal
from modelyard_server.edge.redaction import Redaction
from modelyard_server.edge.sinks import Sink, SinkError
from modelyard_server.tally import Count

log = structlog.get_logger(__name__)

MAX_RECORDS: Final = 1000
"""Records that may wait for the sink."""
MAX_BYTES: Final = 16 * 1024 * 1024
"""Bytes that they may take."""
_MOST_AT_ONCE: Final = 100
_CLOSE_SECONDS: Final = 5.0


class Recorder:
    """A bounded queue and a thread that empties it into a sink.

    What finds the queue full is dropped and counted, as is what the sink can't write.

    Args:
        sink: Where records go.
        redaction: What they must not hold.
        served: What answers: `namespace`, `model` and `revision`.
        sampling: Share of the requests that is noted.
        counts: Records written, dropped as the queue was `full`, and those that the sink `failed` on.
        draw: Draws a number of at least 0 and under 1.
    """

    def __init__(
        self,
        sink: Sink,
        redaction: Redaction,
        served: Mapping[str, str],
        *,
        sampling: float,
        counts: Mapping[str, Count],
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._sink = sink
        self._redaction = redaction
        self._served = served
        self._sampling = sampling
        self._draw = draw
        self._queue: SimpleQueue[Record | None] = SimpleQueue()
        # Each is written by one thread alone, so neither needs a lock; their difference is what waits.
        self._bytes_in = 0
        self._bytes_out = 0
        # `full` is counted by the event loop, the others by the thread.
        self._counts = counts
        self._complained = False
        self._thread = threading.Thread(target=self._run, name="request-log", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Write what waits, for a few seconds at most, and end; blocks."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(_CLOSE_SECONDS)

    def samples(self) -> bool:
        """Whether the next request is noted."""
        return self._draw() < self._sampling

    def note(self, record: Record) -> None:
        """Note a request; returns at once."""
        if self._queue.qsize() >= MAX_RECORDS or self._bytes_in - self._bytes_out > MAX_BYTES:
            self._counts["full"].value += 1
            return
        self._bytes_in += record.size
        self._queue.put(record)

    def _run(self) -> None:
        last = False
        while not last:
            records: list[Record] = []
            taken = self._queue.get()
            while taken is not None:
                records.append(taken)
                if len(records) == _MOST_AT_ONCE:
                    break
                try:
                    taken = self._queue.get_nowait()
                except Empty:
                    break
            last = taken is None
            if records:
                self._write(records)
        self._sink.close()

    def _write(self, records: list[Record]) -> None:
        rendered: list[dict[str, Any]] = []
        for record in records:
            # The thread, and the records of other clients, must outlive whatever a record holds.
            try:
                rendered.append(self._rendered(record))
            except Exception as error:
                self._complain(type(error).__name__, 1)
        if rendered:
            self._deliver(rendered)
        self._bytes_out += sum(record.size for record in records)

    def _deliver(self, rendered: list[dict[str, Any]]) -> None:
        try:
            self._sink.write(rendered)
        except SinkError as error:
            self._complain(str(error), len(rendered))
        except Exception as error:
            self._complain(type(error).__name__, len(rendered))
        else:
            self._counts["written"].value += len(rendered)
            self._complained = False

    def _rendered(self, record: Record) -> dict[str, Any]:
        try:
            return seal(self._redaction.apply(render(record, self._served)))
        except (TypeError, RecursionError):
            # It is nested more deeply than redaction, or orjson, follows.
            return seal(self._redaction.apply(render(record, self._served, whole=False)))

    def _complain(self, why: str, records: int) -> None:
        self._counts["failed"].value += records
        if not self._complained:
            log.warning("records of requests are lost", sink=type(self._sink).__name__, error=why)
        self._complained = True
