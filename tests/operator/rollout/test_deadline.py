"""The deadline of a step: it counts while the step waits for pods or the route, and nobody holds it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from modelyard_operator.api.status import Phase
from modelyard_operator.rollout.evidence import Evidence, Policy, Stage
from modelyard_operator.rollout.rules import judging
from modelyard_operator.rollout.state import Happening, State
from modelyard_operator.routing.base import Split
from tests.operator.rollout.situations import BROKEN, NEW, NOW, OLD, ROLLING, asked, run, serving

STEPS = (Stage(weight=10, seconds=60), Stage(weight=50, seconds=60))
POLICY = Policy(steps=STEPS, plan="p", deadline=600.0, maximum=10)
SECOND = replace(ROLLING, step=1, plan="p", weight=10, traffic_since=NOW)
"""The second step of two, with the first one's traffic."""
UP = {OLD: serving(4), NEW: serving(2)}
GROWN = {OLD: serving(6), NEW: serving(3, 2)}
"""The stable revision's autoscaler wants more of the candidate than it has."""


def at(seconds: float) -> Any:
    return NOW + timedelta(seconds=seconds)


def look(state: State, seconds: float, **seen: Any) -> tuple[State, list[Happening]]:
    return run(
        state,
        at(seconds),
        **{
            "asked": asked(NEW),
            "policy": POLICY,
            "populations": UP,
            "selected": OLD,
            "seen": Split({OLD: 90, NEW: 10}),
        }
        | seen,
    )


HOLDS = [
    pytest.param({"paused": True}, {}, id="by a command"),
    pytest.param({}, {"policy": replace(POLICY, paused=True)}, id="by the spec"),
    pytest.param({}, {"refusals": {1: "weight 50 cannot be made"}}, id="a refused weight"),
    pytest.param({"failures": 1}, {}, id="a failed analysis"),
]


@pytest.mark.parametrize(("held", "seen"), HOLDS)
class TestHeld:
    def test_it_goes_on_when_it_is_let_go_however_long_that_took(self, held, seen):
        state = replace(SECOND, **held)
        for seconds in (30, 700, 5000):
            state, news = look(state, seconds, **seen)
            assert (state.phase, news) == (Phase.PROGRESSING, [])
        state, news = look(replace(state, paused=False, failures=0), 5030)
        assert (state.phase, state.weight, news) == (Phase.SHIFTING, 50, [Happening.SHIFTED])

    def test_it_is_remembered_once(self, held, seen):
        once, _ = look(replace(SECOND, **held), 30, **seen)
        assert look(once, 31, **seen)[0] == once
        assert look(once, 5000, **seen)[0] == once

    def test_what_it_waits_for_afterwards_has_the_whole_deadline(self, held, seen):
        state, _ = look(replace(SECOND, **held), 30, **seen)
        state, _ = look(state, 5000, **seen)
        freed = replace(state, paused=False, failures=0)
        waiting, news = look(freed, 5030, populations=GROWN)
        assert (waiting.phase, news) == (Phase.PROGRESSING, [])
        assert look(waiting, 5629, populations=GROWN)[0] == waiting
        late, news = look(waiting, 5630, populations=GROWN)
        assert news == [Happening.REJECTED]
        assert late.rejection(NEW).message.startswith("2 of 3 pods were ready within 600 s")


@pytest.mark.parametrize(("held", "seen"), HOLDS[:2])
class TestPaused:
    def test_a_load_that_grows_meanwhile_ends_nothing(self, held, seen):
        state, _ = look(replace(SECOND, **held), 30, **seen)
        state, news = look(state, 5000, populations=GROWN, **seen)
        assert (state.phase, news) == (Phase.PROGRESSING, [])

    def test_pods_that_are_not_there_yet_end_nothing(self, held, seen):
        short = {OLD: serving(4), NEW: serving(2, 0)}
        for seconds in (30, 5000):
            state, news = look(replace(SECOND, **held), seconds, populations=short, **seen)
            assert (state.phase, news) == (Phase.PROGRESSING, [])

    def test_a_route_that_does_not_follow_ends_nothing(self, held, seen):
        shifting = replace(SECOND, phase=Phase.SHIFTING, weight=50, traffic_since=None, **held)
        state, news = look(shifting, 5000, **seen)
        assert (state.phase, news) == (Phase.SHIFTING, [])

    def test_what_cannot_mend_itself_ends_it_all_the_same(self, held, seen):
        short = {OLD: serving(4), NEW: serving(2, 0)}
        _, news = look(replace(SECOND, **held), 30, populations=short, failure=BROKEN, **seen)
        assert news == [Happening.REJECTED]


def test_the_route_has_its_own_time_whatever_the_pods_took():
    shifting, _ = look(SECOND, 599)
    assert shifting.phase is Phase.SHIFTING
    assert look(shifting, 1198)[0].phase is Phase.SHIFTING
    after, news = look(shifting, 1199)
    assert news == [Happening.REJECTED]
    assert after.rejection(NEW).reason == "RouteNotFollowed"


def test_pods_that_come_and_go_while_it_takes_over_have_no_more_than_one_deadline():
    state = replace(ROLLING, plan=None)
    policy = Policy(deadline=600.0, maximum=10)
    none = {OLD: serving(2), NEW: serving(2, 0)}
    full = {OLD: serving(2), NEW: serving(2)}
    whole = Split.whole(OLD)
    for seconds in (200, 400):
        state, news = look(state, seconds, policy=policy, populations=full, seen=whole)
        assert state.phase is Phase.PROMOTING
        state, news = look(state, seconds + 10, policy=policy, populations=none, seen=whole)
        assert news == [Happening.TAKEN_BACK]
    _, news = look(state, 600, policy=policy, populations=none, seen=whole)
    assert news == [Happening.REJECTED]


def test_a_first_revision_that_is_paused_is_not_late():
    first = replace(ROLLING, stable=None, revisions=ROLLING.revisions[:1])
    seen = {"asked": asked(NEW), "policy": Policy(paused=True), "populations": {NEW: serving(1, 0)}}
    after, _ = run(first, at(5000), **seen)
    assert not judging.is_late(after, Evidence(asked(NEW)), at(5000))
