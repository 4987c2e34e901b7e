from modelyard_server.cache.breaker import Breaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def breaker(clock: Clock) -> tuple[Breaker, list[bool]]:
    changes: list[bool] = []
    return Breaker(clock, jitter=lambda: 1.0, on_change=changes.append), changes


def fail(subject: Breaker, times: int) -> None:
    for _ in range(times):
        assert subject.allows()
        subject.failed()


def test_it_opens_after_three_failures_in_a_row() -> None:
    subject, changes = breaker(Clock())
    fail(subject, 2)
    subject.succeeded()
    fail(subject, 2)
    assert changes == []
    fail(subject, 1)

    assert not subject.allows()
    assert changes == [True]


def test_one_caller_tries_again_and_pauses_grow() -> None:
    clock = Clock()
    subject, changes = breaker(clock)
    fail(subject, 3)
    for pause in (1, 2, 4, 8, 16, 30, 30):
        clock.now += pause - 0.01
        assert not subject.allows()
        clock.now += 0.01
        assert subject.allows()
        assert not subject.allows()
        subject.failed()
    clock.now += 30
    assert subject.allows()
    subject.succeeded()

    assert subject.allows()
    assert changes == [True, False]


def test_a_try_that_is_given_up_lets_the_next_one_try() -> None:
    clock = Clock()
    subject, _ = breaker(clock)
    fail(subject, 3)
    clock.now = 1
    assert subject.allows()
    subject.abandoned()

    assert subject.allows()
