"""Random histories: whatever happens, in whatever order, a rollout stays sound and ends.

Evidence of every kind, crashes between writes, stale reads, lost status, changed specs, commands, clocks
that jump. A history is a list of numbers, so that hypothesis makes many and shrinks them well.
"""

from datetime import timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, example, given, settings

from modelyard_operator.analysis.verdict import Verdict
from modelyard_operator.approval.decision import Standing
from modelyard_operator.rollout.verbs import VERBS
from tests.operator.rollout.little_world import MESH_PLANS, PLANS, REVISIONS, LittleWorld

MOVES = 48
VERDICTS = (Verdict.PASS, Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.NO_DATA)
STANDINGS = (
    None,
    Standing.WAITING,
    Standing.APPROVED,
    Standing.REJECTED,
    Standing.EXPIRED,
    Standing.UNVERIFIED,
)
JUMPS = (5, 31, 61, 130, 700, 86_400, -40, -86_400)
HISTORIES = st.lists(st.tuples(st.integers(0, MOVES - 1), st.integers(0, 7)), min_size=10, max_size=60)


def move(world: LittleWorld, what: int, how: int) -> None:
    """Something happens."""
    if what < 12:
        world.look(stale=False)
    elif what < 16:
        world.look(writes=how % 3)
    elif what < 18:
        world.look(stale=True, writes=1 + how % 2)
    elif what == 18:
        world.past = world.evidence()
    elif what < 26:
        world.pods()
    elif what < 31:
        world.now += timedelta(seconds=INTERVALS[how % len(INTERVALS)])
        world.measure(VERDICTS[how % len(VERDICTS)])
    elif what < 34:
        world.now += timedelta(seconds=JUMPS[how])
    elif what < 37:
        world.asked = REVISIONS[how % 3]
    elif what == 37:
        plans = PLANS if world.by_count else MESH_PLANS
        world.steps = plans[how % len(plans)]
    elif what == 38:
        world.paused = not world.paused
    elif what < 41:
        world.standing = STANDINGS[how % len(STANDINGS)]
    elif what == 41:
        world.broken ^= {REVISIONS[how % 3]}
    elif what == 42:
        world.crash(REVISIONS[how % 3])
    elif what == 43:
        world.lose_status()
    elif what == 44:
        world.resize(REVISIONS[how % 3], how)
    elif what == 45:
        world.analysis = None
    else:
        verb = sorted(VERBS)[how % len(VERBS)]
        target = (world.state.candidate if what == 46 else REVISIONS[how % 3]) or REVISIONS[0]
        world.command(verb, target)


INTERVALS = (30, 30, 30, 1, 300)


def live(by_count: bool, plan: int, history: list[tuple[int, int]]) -> None:
    """A history from a revision that serves to the end of everything."""
    plans = PLANS if by_count else MESH_PLANS
    world = LittleWorld(by_count=by_count)
    world.calm_down()
    world.asked, world.steps = "rb", plans[plan % len(plans)]
    for what, how in history:
        move(world, what, how)
    world.calm_down()


EASY = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


@given(st.booleans(), st.integers(0, 6), HISTORIES)
@settings(max_examples=400, suppress_health_check=EASY)
@example(False, 1, [(0, 0)] * 10)
@example(True, 4, [(0, 0)] * 10)
def test_whatever_happens_it_stays_sound_and_ends(by_count, plan, history):
    live(by_count, plan, history)


@pytest.mark.soak
@pytest.mark.timeout(3 * 3600)
@given(st.booleans(), st.integers(0, 6), HISTORIES)
@settings(max_examples=100_000, suppress_health_check=EASY, database=None)
def test_a_hundred_thousand_histories(by_count, plan, history):
    live(by_count, plan, history)
