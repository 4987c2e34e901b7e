import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.edge.identity import Identity, Kind
from modelyard_server.edge.limits import RateLimit
from modelyard_server.errors import ProblemError

ADA = Identity(Kind.KEY, "ada")
BOB = Identity(Kind.KEY, "bob")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def taken(limit: RateLimit, identity: Identity) -> bool:
    try:
        limit.take(identity)
    except ProblemError as error:
        assert error.status == 429
        return False
    return True


def test_a_burst_then_the_rate() -> None:
    clock = Clock()
    limit = RateLimit(2, 3, clock)

    assert [taken(limit, ADA) for _ in range(5)] == [True, True, True, False, False]
    clock.now += 0.5
    assert [taken(limit, ADA) for _ in range(2)] == [True, False]


def test_each_identity_has_a_bucket_of_its_own() -> None:
    limit = RateLimit(1, 1, Clock())

    assert [taken(limit, who) for who in (ADA, BOB, ADA, Identity(Kind.TOKEN, "ada"))] == [
        True,
        True,
        False,
        True,
    ]


@pytest.mark.parametrize(("rate", "wait"), [(10, 1), (0.1, 10), (0.3, 4)])
def test_it_says_when_to_come_back(rate: float, wait: int) -> None:
    clock = Clock()
    limit = RateLimit(rate, 1, clock)
    limit.take(ADA)
    with pytest.raises(ProblemError) as refused:
        limit.take(ADA)

    assert refused.value.retry_after == wait
    clock.now += wait
    assert taken(limit, ADA)


def test_memory_is_bounded_and_who_is_heard_of_is_remembered() -> None:
    limit = RateLimit(1, 1, Clock(), max_buckets=10)
    limit.take(ADA)
    for number in range(1000):
        limit.take(Identity(Kind.ADDRESS, str(number)))
        assert not taken(limit, ADA)

    assert len(limit) == 10


@given(st.lists(st.floats(0, 3), max_size=60), st.floats(0.5, 20), st.integers(1, 5))
def test_never_more_than_the_burst_and_the_rate(pauses: list[float], rate: float, burst: int) -> None:
    clock = Clock()
    began = clock.now
    limit = RateLimit(rate, burst, clock)
    admitted = 0
    for pause in pauses:
        clock.now += pause
        admitted += taken(limit, ADA)

    assert admitted <= burst + (clock.now - began) * rate + 1e-6
