"""The recorder: what is kept of requests until a sink has taken it, and what is lost alone."""

import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from modelyard_server.edge.record import MAX_BODY_BYTES, Record
from modelyard_server.edge.recorder import MAX_RECORDS, Recorder
from modelyard_server.edge.redaction import Redaction
from modelyard_server.edge.settings import LogSettings
from modelyard_server.edge.sinks import SinkError
from modelyard_server.edge.sinks.file import FileSink
from modelyard_server.edge.sinks.http import HttpSink
from modelyard_server.tally import Count
from tests.server.conftest import eventually
from tests.server.edge.collector import collecting

SERVED = {"namespace": "default", "model": "sentiment", "revision": "r1"}


def record(body: bytes = b'{"text":["good"]}', **members: Any) -> Record:
    return Record(
        **{
            "request_id": b"1",
            "trace_id": None,
            "time": 0.0,
            "route": "/predict",
            "status": 200,
            "seconds": 0.1,
            "identity": None,
            "items": 1,
            "cached": 0,
            "content_type": "application/json",
            "body": body,
            "answer": b'{"predictions":[]}',
            **members,
        }
    )


class Kept:
    """A sink that keeps what it gets, once it is let."""

    def __init__(self) -> None:
        self.records: list[Mapping[str, Any]] = []
        self.let = threading.Event()
        self.error: Exception | None = None

    def write(self, records: Sequence[Mapping[str, Any]]) -> None:
        assert self.let.wait(30)
        if self.error is not None:
            raise self.error
        self.records += json.loads(orjson.dumps(records))

    def close(self) -> None:
        pass


def recorder(sink: Any) -> tuple[Recorder, dict[str, Count]]:
    counts = {result: Count() for result in ("written", "full", "failed")}
    made = Recorder(sink, Redaction([]), SERVED, sampling=1, counts=counts)
    made.start()
    return made, counts


def test_a_slow_sink_drops_records_and_takes_no_more_memory() -> None:
    sink = Kept()
    made, counts = recorder(sink)
    for _ in range(10 * MAX_RECORDS):
        made.note(record())
    sink.let.set()
    made.close()

    assert counts["full"].value + counts["written"].value == 10 * MAX_RECORDS
    assert MAX_RECORDS <= counts["written"].value <= MAX_RECORDS + 200
    assert len(sink.records) == counts["written"].value


def test_large_bodies_fill_the_queue_by_their_bytes() -> None:
    sink = Kept()
    made, counts = recorder(sink)
    for _ in range(100):
        made.note(record(b"x" * 1024 * 1024))
    sink.let.set()
    made.close()

    assert counts["written"].value < 30
    assert all(entry["inputs"]["bytes"] > MAX_BODY_BYTES for entry in sink.records)


@pytest.mark.parametrize("error", [SinkError("no room"), RuntimeError("a bug")])
async def test_a_sink_that_fails_is_tried_again_with_the_next(error: Exception) -> None:
    sink = Kept()
    sink.let.set()
    sink.error = error
    made, counts = recorder(sink)
    made.note(record())
    await eventually(lambda: counts["failed"].value, "the record is lost")
    sink.error = None
    made.note(record())
    made.close()

    assert (counts["failed"].value, counts["written"].value) == (1, 1)


@pytest.mark.parametrize("body", [b"\x89PNG\r\n", b'{"text":', b"x" * (MAX_BODY_BYTES + 1)])
def test_what_is_no_json_is_told_by_its_size(body: bytes) -> None:
    sink = Kept()
    sink.let.set()
    made, _ = recorder(sink)
    made.note(record(body, content_type="image/png"))
    made.close()

    assert sink.records[0]["inputs"] == {"bytes": len(body), "contentType": "image/png"}


# The least depths at which a batch of events, a line of a file, redaction and reading have enough of it.
@pytest.mark.parametrize("depth", [251, 254, 600, 1020, 2000])
def test_what_is_nested_too_deeply_costs_no_other_record(tmp_path: Path, depth: int) -> None:
    deep = b'{"text":' + b"[" * depth + b"]" * depth + b"}"
    refused = {"body": deep, "answer": b'{"error":' + deep + b"}", "status": 422}
    path = tmp_path / "requests.log"
    with collecting() as collector:
        sinks: list[Any] = [
            HttpSink(LogSettings(sink="http", url=collector.url)),
            FileSink(LogSettings(sink="file", path=path)),
        ]
        for sink in sinks:
            made, counts = recorder(sink)
            for number in range(50):
                name = b"%d" % number
                made.note(record(request_id=name, **refused) if number == 20 else record(request_id=name))
            made.close()

            assert (counts["written"].value, counts["failed"].value) == (50, 0)

    posted = [each["data"] for _, _, body in collector.posts for each in json.loads(body)]
    for noted in (posted, [json.loads(line) for line in path.read_text().splitlines()]):
        assert [each["requestId"] for each in noted] == [str(number) for number in range(50)]
        assert noted[21]["inputs"] == {"text": ["good"]}
        if depth > 254:
            size = {"bytes": len(deep), "contentType": "application/json"}
            assert noted[20]["inputs"] == size
            assert noted[20]["error"] == {"bytes": len(refused["answer"])}


def test_a_record_that_cannot_be_told_is_lost_alone() -> None:
    sink = Kept()
    sink.let.set()
    made, counts = recorder(sink)
    for moment in (0.0, float("inf"), 1.0):
        made.note(record(time=moment))
    made.close()

    assert len(sink.records) == 2
    assert (counts["written"].value, counts["failed"].value) == (2, 1)
