"""Prometheus' text format, as the server writes it and as others might."""

import time
from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from modelyard_operator.analysis.counts import Compared
from modelyard_operator.analysis.exposition import samples
from modelyard_operator.analysis.readings import FAMILIES, Sample, reading
from modelyard_server.shadow.dropped import Dropped
from modelyard_server.shadow.part import Role
from tests.operator.analysis.pods import PAIR, FakePod, ref


def busy() -> FakePod:
    pod = FakePod(ref(1))
    pod.serve(90, 0.03)
    pod.serve(7, 0.0001, cached=True)
    pod.serve(3, 0.2, code=503)
    pod.compare(8, 2)
    pod.compare(4, 1, Role.STABLE)
    pod.shadow.dropped(Dropped.UNNAMED)
    return pod


def exposed(pod: FakePod) -> str:
    return generate_latest(pod.metrics.registry).decode()


def test_a_reading_of_the_real_server_s_metrics():
    found = reading(samples(exposed(busy())), PAIR)
    assert found.requests == {"200": 97, "503": 3}
    assert found.durations.total == 93, "what the cache answered is left out"
    assert 0.025 < found.durations.quantile(0.5) < 0.05
    assert found.compared == {"candidate": Compared(10, 2), "stable": Compared(5, 1)}
    assert found.dropped == {"unnamed": 1}
    assert (found.in_flight, found.queue_items) == (0, 0)
    assert found.started == pytest.approx(time.time(), abs=86_400)
    assert found.cpu_seconds is not None
    assert found.cpu_seconds > 0


def test_another_pair_s_comparison_is_not_this_one_s():
    assert reading(samples(exposed(busy())), "rold-other").compared == {}


def test_an_older_server_that_tells_no_cached_answers_apart():
    text = 'modelyard_request_duration_seconds_bucket{le="0.1"} 4\n'
    text += 'modelyard_request_duration_seconds_bucket{le="+Inf"} 5\n'
    assert reading(samples(text), PAIR).durations.counts == (4, 1)


def test_it_reads_what_prometheus_own_parser_reads():
    text = exposed(busy())
    theirs = [
        Sample(each.name, each.labels, each.value)
        for family in text_string_to_metric_families(text)
        for each in family.samples
        if each.name in FAMILIES
    ]
    ours = list(samples(text))
    assert sorted(ours, key=str) == sorted(theirs, key=str)
    assert len(theirs) > 30


@given(st.dictionaries(st.sampled_from(["route", "code", "variant"]), st.text(max_size=20), min_size=1))
def test_labels_may_hold_anything(labels):
    registry = CollectorRegistry()
    Counter("modelyard_requests", "", list(labels), registry=registry).labels(**labels).inc(3)
    assert list(samples(generate_latest(registry).decode())) == [
        Sample("modelyard_requests_total", labels, 3)
    ]


def test_odd_lines():
    assert list(
        samples("process_start_time_seconds 5 1700000000\n\n# HELP x\nprocess_start_time_secondsX 7")
    ) == [Sample("process_start_time_seconds", {}, 5)]
    (found,) = samples("process_cpu_seconds_total NaN\r\n")
    assert isnan(found.value)


@pytest.mark.parametrize(
    "line", ['modelyard_requests_total{code="2', "modelyard_queue_items", "modelyard_queue_items x"]
)
def test_what_is_no_sample_is_named(line):
    with pytest.raises(ValueError, match="no sample: modelyard"):
        list(samples(line))
