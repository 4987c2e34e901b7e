"""k6's record, read."""

from modelyard_cli.loadtest.record import Record
from tests.loadtest.records import BEGAN, lines, record


def test_points_and_sums_are_those_of_the_record() -> None:
    read = record(lines(5, failed=0.02))
    assert (read.began, read.ended, len(read.points)) == (BEGAN, BEGAN + 5, 5)
    first = read.points[0]
    assert (first.users, first.requests, first.failed, first.cached) == (10, 100, 0.02, 95)
    assert first.latency is not None and (first.latency.med, first.latency.p99) == (10, 40)
    assert (read.total.requests, read.total.failed, read.items) == (500, 10, (500, 475))
    assert read.stage(0) == read.total
    assert (read.stage(1).requests, read.stage(1).latency) == (0, None)


def test_a_metric_that_comes_later_moves_the_others() -> None:
    read = Record()
    for line in (
        '{"event":"metric","data":{"vus":{"type":"gauge"},"time":{"type":"gauge"}}}',
        '{"event":"snapshot","data":[[1000],[3]]}',
        '{"event":"metric","data":{"http_reqs":{"type":"counter"}}}',
        '{"event":"snapshot","data":[[8,4],[2000],[5]]}',
    ):
        read.feed(line)
    assert [(point.at, point.users, point.requests) for point in read.points] == [(1, 3, 0), (2, 5, 4)]


def test_thresholds_that_do_not_hold_are_kept() -> None:
    assert record(lines(2)).crossed == {}
    assert record(lines(2, crossed=True)).crossed == {"http_req_failed": ["rate==0"]}


def test_other_lines_are_none_of_it() -> None:
    assert not Record().feed("     execution: local\n")
