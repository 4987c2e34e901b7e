from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.exposition import choose_encoder
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from modelyard_server.tally import Identity, TallyCounter, TallyGauge, TallyHistogram

BOUNDS = (0.5, 1.0, 2.5)


@given(values=st.lists(st.floats(0, 10)))
def test_a_histogram_reads_as_the_librarys(values: list[float]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    series = TallyHistogram("seconds", "text", ("route",), BOUNDS, ours).series("a")
    library = Histogram("seconds", "text", ("route",), buckets=BOUNDS, registry=theirs).labels("a")
    for value in values:
        series.observe(value)
        library.observe(value)

    def lines(registry: CollectorRegistry) -> set[str]:
        return {line for line in generate_latest(registry).decode().splitlines() if "_created" not in line}

    assert lines(ours) == lines(theirs)


def test_a_counter_names_its_series() -> None:
    registry = CollectorRegistry()
    counter = TallyCounter("requests", "text", ("route", "code"), registry)
    counter.series("/predict", "200").value += 2
    counter.series("/predict", "422")

    text = generate_latest(registry).decode()
    assert 'requests_total{code="200",route="/predict"} 2.0' in text
    assert 'requests_total{code="422",route="/predict"} 0.0' in text


def test_the_newest_trace_of_a_bucket_is_its_exemplar_in_openmetrics_alone() -> None:
    registry = CollectorRegistry()
    series = TallyHistogram("seconds", "text", (), BOUNDS, registry).series()
    for value, trace in ((0.2, "a"), (0.3, "b"), (0.4, None), (2.0, "c"), (9.0, None)):
        series.observe(value, trace)

    encode, _ = choose_encoder("application/openmetrics-text; version=1.0.0")
    text = encode(registry).decode()
    [family] = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]  # the library's own
    exemplars = {
        sample.labels["le"]: (sample.exemplar.labels["trace_id"], sample.exemplar.value)
        for sample in family.samples
        if sample.exemplar
    }
    assert exemplars == {"0.5": ("b", 0.3), "2.5": ("c", 2.0)}
    assert "trace_id" not in generate_latest(registry).decode()


def test_every_series_has_the_process_labels_as_they_are_known_at_the_scrape() -> None:
    registry, identity = CollectorRegistry(), Identity(model="m", variant="")
    TallyCounter("requests", "text", ("code",), registry, identity=identity).series("200").value += 1
    gauge = TallyGauge("depth", "text", registry, identity)
    gauge.set(2)
    assert 'depth{model="m",variant=""} 2.0' in generate_latest(registry).decode()
    identity.learn(variant="int8")
    gauge.watch(lambda: 3)

    text = generate_latest(registry).decode()
    assert 'requests_total{code="200",model="m",variant="int8"} 1.0' in text
    assert 'depth{model="m",variant="int8"} 3.0' in text
