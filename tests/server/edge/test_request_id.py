import pytest

from modelyard_server.edge.request_id import RequestIds


def test_made_ids_differ_also_between_processes() -> None:
    one, other = RequestIds(), RequestIds()
    ids = [ids.take(None) for ids in (one, other) for _ in range(1000)]

    assert len(set(ids)) == 2000


@pytest.mark.parametrize(
    "given", [b"a", b"6f1c0c5e-0f5e-4a53-9d63-7c3f3b1f2e11", b"x" * 128, b"job:7/part=2"]
)
def test_a_sane_id_is_taken(given: bytes) -> None:
    assert RequestIds().take(given) == given


@pytest.mark.parametrize("given", [b"", b"x" * 129, b"a b", b"a\r\nb", b'a"b', "ä".encode(), b"a;b"])
def test_any_other_is_replaced(given: bytes) -> None:
    assert RequestIds(lambda: "p").take(given) == b"p-1"
