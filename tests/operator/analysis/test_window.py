"""Counters of pods that come, go and start anew, added up between a window's edges."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from modelyard_operator.analysis.counts import Compared, Counts, Reading
from modelyard_operator.analysis.window import MOST_INTERVALS, MOST_PODS, PodRef, Window, blind
from tests.operator.analysis.cases import NEW, OLD, histogram

START = datetime(2026, 1, 1, tzinfo=UTC)
EARLIER, LATER = START.timestamp() - 100, START.timestamp() + 5


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def pod(uid: str, revision: str = NEW) -> PodRef:
    return PodRef(uid, f"pod-{uid}", "10.0.0.1", revision)


def reading(ok: float, errors: float = 0, started: float | None = EARLIER, **more) -> Reading:
    return Reading(started, {"200": ok, "500": errors}, **more)


def look(window: Window, seconds: float, **readings: Reading) -> None:
    window.add([pod(uid) for uid in readings], readings, at(seconds))


def answered(window: Window, revision: str = NEW) -> int:
    return window.counts().get(revision, Counts()).answered


def test_what_was_counted_before_is_not_the_window_s():
    window = Window(START)
    look(window, 0, a=reading(1000, 5))
    assert window.counts() == {}
    look(window, 10, a=reading(1100, 7))
    found = window.counts()[NEW]
    assert (found.answered, found.errors) == (102, 2)


def test_a_pod_that_starts_meanwhile_counts_from_zero():
    window = Window(START)
    look(window, 0, a=reading(1000))
    look(window, 10, a=reading(1010), b=reading(30, started=LATER))
    assert answered(window) == 40


def test_a_pod_that_is_only_seen_late_brings_nothing_of_its_past():
    window = Window(START)
    look(window, 0, a=reading(1000))
    look(window, 10, a=reading(1010), b=reading(5000))
    look(window, 20, a=reading(1020), b=reading(5003), c=reading(7, started=None))
    assert answered(window) == 23


def test_a_process_that_starts_anew_counts_from_zero():
    window = Window(START)
    look(window, 0, a=reading(1000), b=reading(10, started=None))
    look(window, 10, a=reading(1010), b=reading(20, started=None))
    look(window, 20, a=reading(2000, started=LATER), b=reading(3, started=None))
    assert answered(window) == 10 + 10 + 2000 + 3


def test_a_pod_that_vanishes_keeps_what_was_seen_of_it():
    window = Window(START)
    look(window, 0, a=reading(0), b=reading(0))
    look(window, 10, a=reading(10), b=reading(20))
    look(window, 20, a=reading(15))
    assert answered(window) == 35


def test_a_pod_that_comes_back_is_not_counted_twice():
    window = Window(START)
    look(window, 0, a=reading(0))
    look(window, 10, a=reading(10), b=reading(20, started=LATER))
    look(window, 20, a=reading(10))
    look(window, 30, a=reading(10), b=reading(25, started=LATER))
    assert answered(window) == 35


def test_a_pod_that_misses_a_look_catches_up():
    window = Window(START)
    look(window, 0, a=reading(0))
    window.add([pod("a")], {}, at(10))
    look(window, 20, a=reading(50))
    assert answered(window) == 50


def test_revisions_are_told_apart():
    window, pods = Window(START), [pod("a"), pod("b", OLD)]
    window.add(pods, {"a": reading(0), "b": reading(0)}, at(0))
    window.add(pods, {"a": reading(1), "b": reading(9)}, at(30))
    assert (answered(window), answered(window, OLD)) == (1, 9)
    assert window.latest() == {NEW: 1, OLD: 9}


def test_everything_that_a_pod_tells_is_taken():
    def full(n: int, **more) -> Reading:
        return reading(
            n,
            durations=histogram(*[0.03] * n),
            compared={"candidate": Compared(n, n / 2)},
            dropped={"unnamed": n},
            cpu_seconds=n * 2.0,
            queue_items=3,
            in_flight=4,
            **more,
        )

    window = Window(START)
    look(window, 0, a=full(1))
    look(window, 10, a=full(5))
    look(window, 20, a=full(8))
    found = window.counts()[NEW]
    assert found.durations == histogram(*[0.03] * 7)
    assert found.compared["candidate"] == Compared(7, 3.5)
    assert found.dropped == {"unnamed": 7}
    assert (found.cpu_seconds, found.pod_seconds) == (14.0, 20.0)
    assert (found.queue_items.mean, found.in_flight.mean) == (3, 4)
    look(window, 30, a=full(2, started=LATER))
    assert window.counts()[NEW].pod_seconds == 20.0, "what loading took is no load"


def test_how_long_it_measures_is_told_over_all_windows():
    window = Window(START)
    window.decided(at(30))
    window.go_on(at(60))
    assert (window.measured(at(90)), window.seconds(at(90))) == (90, 60)


def test_an_undecided_window_goes_on_and_a_decided_one_begins_anew():
    window = Window(START)
    look(window, 0, a=reading(0))
    look(window, 30, a=reading(20))
    window.go_on(at(30))
    look(window, 60, a=reading(50))
    assert (answered(window), window.latest(), window.seconds(at(60))) == (50, {NEW: 30}, 60.0)
    window.decided(at(60))
    assert (window.counts(), window.seconds(at(60))) == ({}, 0.0)
    look(window, 90, a=reading(51))
    assert (answered(window), window.seconds(at(90))) == (1, 30.0)


def test_an_undecided_window_lets_go_of_what_is_long_ago():
    window = Window(START)
    look(window, 0, a=reading(0))
    for number in range(1, 50):
        look(window, 10 * number, a=reading(number))
        assert answered(window) == min(number, MOST_INTERVALS)
        assert window.seconds(at(10 * number)) == 10 * min(number, MOST_INTERVALS)
        window.go_on(at(10 * number))


def test_a_few_pods_may_be_silent_and_many_may_not():
    window = Window(START)
    window.add([pod(str(n)) for n in range(10)], {str(n): reading(0) for n in range(9)}, at(0))
    assert window.unread == {NEW: (1, 10)}
    assert not blind((1, 10))
    assert not blind((0, 1))
    assert blind((1, 9))
    assert blind((1, 1))


def test_it_does_not_remember_pods_without_end():
    window = Window(START)
    for number in range(MOST_PODS + 10):
        look(window, 0, **{str(number): reading(1)})
    assert len(window._last) == MOST_PODS


STEPS = st.lists(
    st.dictionaries(st.sampled_from("abc"), st.tuples(st.integers(0, 5), st.booleans()), min_size=1),
    max_size=15,
)


@given(STEPS)
def test_no_request_is_ever_counted_twice(steps):
    """Pods answer, are silent for a look, and start anew: what is added up is what happened."""
    window = Window(START)
    served, total, started = dict.fromkeys("abc", 0), dict.fromkeys("abc", 0), dict.fromkeys("abc", EARLIER)
    look(window, 0, **{uid: reading(0) for uid in "abc"})
    for number, step in enumerate(steps, 1):
        for uid, (requests, anew) in step.items():
            if anew:
                served[uid], started[uid] = 0, LATER + number
            served[uid] += requests
            total[uid] += requests
        look(window, number, **{uid: reading(served[uid], started=started[uid]) for uid in step})
    assert answered(window) == sum(total.values())
