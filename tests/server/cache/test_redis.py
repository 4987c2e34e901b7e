from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.cache.redis import _pack, _unpack
from modelyard_server.tasks.base import Answer

fragments = st.binary(min_size=1, max_size=3000) | st.integers(1, 500).map(
    lambda count: b'{"label":1}' * count
)


@given(fragments, st.booleans(), st.floats(0, 1e10))
def test_an_entry_reads_as_it_was_written(fragment: bytes, truncated: bool, expires: float) -> None:
    answer = Answer(fragment, truncated)

    assert _unpack(_pack(answer, expires)) == (answer, expires)


def test_long_answers_are_kept_small() -> None:
    assert len(_pack(Answer(b'{"label":"a","score":0.5}' * 400), 1.0)) < 500
    assert len(_pack(Answer(b"[0.5]"), 1.0)) < 20


@given(st.binary(max_size=100))
def test_what_is_no_entry_is_a_miss_or_an_answer(value: bytes) -> None:
    """Redis may hold anything under our names; the keys are secret, so nobody writes there by chance."""
    entry = _unpack(value)

    assert entry is None or isinstance(entry[0], Answer)
