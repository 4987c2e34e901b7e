from pathlib import Path

import pytest

from benchmarks.server.load import differing, latencies, post, record


def test_latencies_are_told_apart_by_status() -> None:
    told = latencies("200 1000\n503 50\n200 3000\n200 2000\n")

    assert (told[200].count, told[503].count) == (3, 1)
    assert told[200].p50 == pytest.approx(0.002)
    assert told[200].p99 == told[200].longest == pytest.approx(0.003)
    assert told[503].p50 == pytest.approx(0.00005)


def test_the_99th_of_a_hundred_is_not_the_longest() -> None:
    told = latencies("".join(f"200 {microseconds}\n" for microseconds in range(1, 101)))

    assert told[200].p99 == pytest.approx(99e-6)
    assert told[200].longest == pytest.approx(100e-6)


def test_no_answers_have_no_latencies() -> None:
    assert latencies("") == {}


def test_a_recorded_request_is_as_long_as_it_says(tmp_path: Path) -> None:
    request = post("/predict", b"body", "image/jpeg", Inference_Header_Content_Length=3)

    written = record(tmp_path / "requests", [request, request]).read_bytes()

    assert written == (b"%d\n" % len(request) + request) * 2
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.splitlines()[1:] == [
        b"Host: 127.0.0.1",
        b"Content-Type: image/jpeg",
        b"Inference-Header-Content-Length: 3",
        b"Content-Length: 4",
    ]
    assert body == b"body"


def test_copies_of_a_picture_differ_after_its_end() -> None:
    first, second = differing(b"picture", 2)

    assert first != second
    assert first.startswith(b"picture")
    assert second.startswith(b"picture")
