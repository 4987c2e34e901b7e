import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.shadow.stamp import SECONDS, holds, stamp

NOW = 1_790_000_000.0
MARK = stamp("letmein", "r1-r2", b"abc", NOW)


def test_a_mark_holds_for_its_request_and_a_minute() -> None:
    assert holds(MARK, "letmein", "r1-r2", b"abc", NOW)
    assert holds(MARK, "letmein", "r1-r2", b"abc", NOW + SECONDS)
    assert not holds(MARK, "letmein", "r1-r2", b"abc", NOW + SECONDS + 1)
    assert not holds(MARK, "letmein", "r1-r2", b"abc", NOW - SECONDS - 1)


@pytest.mark.parametrize(
    ("token", "pair", "name"),
    [("other", "r1-r2", b"abc"), ("letmein", "r1-r3", b"abc"), ("letmein", "r1-r2", b"abd")],
)
def test_it_holds_for_nothing_else(token: str, pair: str, name: bytes) -> None:
    assert not holds(MARK, token, pair, name, NOW)


def test_the_token_is_not_in_it() -> None:
    assert b"letmein" not in MARK


@given(st.binary(max_size=200))
def test_what_a_stranger_makes_up_never_holds(mark: bytes) -> None:
    assert not holds(mark, "letmein", "r1-r2", b"abc", NOW)


@given(st.integers(0, len(MARK) - 1), st.integers(0, 255))
def test_a_changed_mark_does_not_hold(place: int, byte: int) -> None:
    changed = MARK[:place] + bytes([byte]) + MARK[place + 1 :]
    assert holds(changed, "letmein", "r1-r2", b"abc", NOW) == (changed == MARK)
