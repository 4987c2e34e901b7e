import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.cache.keys import DIGEST_BYTES, keyer

SECRET = bytes(range(32))


def test_a_key_depends_on_all_that_an_answer_depends_on() -> None:
    keys = {
        keyer(secret, deployment, revision)(parameters, [item])[0]
        for secret in (SECRET, bytes(32))
        for deployment in ("ns/a", "ns/b")
        for revision in ("r1", "r2")
        for parameters in (b"", b"1")
        for item in (b"good", b"bad")
    }

    assert len(keys) == 32
    assert {len(key) for key in keys} == {DIGEST_BYTES}


@given(
    first=st.tuples(st.text(), st.text(), st.binary(), st.binary()),
    second=st.tuples(st.text(), st.text(), st.binary(), st.binary()),
)
def test_two_requests_share_a_key_only_if_they_are_equal(
    first: tuple[str, str, bytes, bytes], second: tuple[str, str, bytes, bytes]
) -> None:
    """Parts that read alike when put one after the other are kept apart."""

    def key(request: tuple[str, str, bytes, bytes]) -> bytes:
        deployment, revision, parameters, item = request
        return keyer(SECRET, deployment, revision)(parameters, [item])[0]

    assert (key(first) == key(second)) == (first == second)


def test_keys_come_in_order() -> None:
    keys = keyer(SECRET, "ns/a", "r1")
    items = [b"a", b"b", b"a"]

    assert keys(b"", items) == [keys(b"", [item])[0] for item in items]


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        keyer(b"short", "ns/a", "r1")
