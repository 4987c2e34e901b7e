from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from modelyard_server.tally import TallyCounter, TallyHistogram

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
