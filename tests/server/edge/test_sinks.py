"""What each sink does with records."""

import json
from pathlib import Path
from typing import Any

import pytest

from modelyard_server.edge.settings import LogSettings
from modelyard_server.edge.sinks import SinkError
from modelyard_server.edge.sinks.file import BACKUPS, FileSink
from modelyard_server.edge.sinks.http import HttpSink
from tests.server.edge.collector import collecting

SERVED = {"namespace": "default", "model": "sentiment", "revision": "r1"}


def test_files_are_rotated_and_bounded(tmp_path: Path) -> None:
    sink = FileSink(LogSettings(sink="file", path=tmp_path / "log"), max_bytes=1000)
    for number in range(200):
        sink.write([{"number": number, "padding": "x" * 50}])
    sink.close()

    files = sorted(tmp_path.iterdir())
    assert len(files) == 1 + BACKUPS
    assert all(file.stat().st_size <= 1000 for file in files)
    assert json.loads((tmp_path / "log").read_text().splitlines()[-1])["number"] == 199


def event(number: int) -> dict[str, Any]:
    return {"requestId": str(number), "time": "2026-01-01T00:00:00+00:00", **SERVED}


def test_http_gets_batches_of_cloud_events() -> None:
    with collecting() as collector:
        sink = HttpSink(LogSettings(sink="http", url=f"{collector.url}/events"))
        sink.write([event(1), event(2)])
        sink.write([event(2)])
        sink.close()

    (path, content_type, body), (_, _, later) = collector.posts
    assert (path, content_type) == ("/events", "application/cloudevents-batch+json")
    events = json.loads(body)
    # Clients may give one request id to many requests.
    assert len({each["id"] for each in [*events, *json.loads(later)]}) == 3
    assert events[0]["specversion"] == "1.0"
    assert events[0]["source"] == "/modelyard/default/sentiment/r1"
    assert events[0]["type"] == "dev.modelyard.request.v1"
    assert events[0]["data"] == event(1)


@pytest.mark.parametrize(
    ("codes", "pauses", "arrives"), [([503, 429], 2, True), ([500] * 3, 2, False), ([400], 0, False)]
)
def test_http_is_tried_again_where_that_may_help(codes: list[int], pauses: int, arrives: bool) -> None:
    slept: list[float] = []
    with collecting() as collector:
        collector.codes = list(codes)
        sink = HttpSink(LogSettings(sink="http", url=collector.url), sleep=slept.append)
        if arrives:
            sink.write([event(1)])
        else:
            with pytest.raises(SinkError, match=str(codes[-1])):
                sink.write([event(1)])
        sink.close()

    assert (len(slept), len(collector.posts)) == (pauses, int(arrives))
