import pytest

from modelyard_server.edge.trace import Trace, read_traceparent

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("given", "sampled"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f" 00-{TRACE}-{SPAN}-03 ", True),
        (f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like", True),
    ],
)
def test_a_context_is_read(given: str, sampled: bool) -> None:
    assert read_traceparent(given.encode()) == Trace(TRACE, SPAN, sampled)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "00",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01-more",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
    ],
)
def test_what_is_none_is_ignored(given: str) -> None:
    assert read_traceparent(given.encode()) is None


def test_it_is_handed_on_as_it_came() -> None:
    header = f"00-{TRACE}-{SPAN}-01"
    trace = read_traceparent(header.encode())

    assert trace is not None
    assert trace.header == header
