"""The state machine, whatever it sees: hypothesis chooses the evidence."""

from datetime import timedelta

import hypothesis.strategies as st
from hypothesis import given

from modelyard_operator.api.status import Phase, RevisionState
from modelyard_operator.rollout import machine
from modelyard_operator.rollout.evidence import Evidence, Policy, Population
from modelyard_operator.rollout.state import State
from modelyard_operator.routing.base import Split
from tests.operator.rollout.situations import (
    BROKEN,
    NEW,
    NOW,
    OLD,
    OTHER,
    PROMOTING,
    ROLLING,
    SLOW,
    STABLE,
    WARM,
    asked,
    states,
)

ON_ITS_WAY = (Phase.PROGRESSING, Phase.RETURNING)
NAMES = [OLD, NEW, OTHER]
EVIDENCE = st.builds(
    Evidence,
    asked=st.sampled_from([*map(asked, NAMES), asked(None, "key-x"), asked(None, f"key-{NEW}")]),
    policy=st.builds(
        Policy,
        paused=st.booleans(),
        keep_warm=st.integers(0, 4),
        keep_revisions=st.integers(0, 8),
        window=st.sampled_from([0.0, 600.0]),
    ),
    populations=st.dictionaries(
        st.sampled_from(NAMES),
        st.builds(Population, st.integers(0, 4), st.integers(0, 4), st.booleans()),
    ),
    selected=st.sampled_from([None, *NAMES]),
    seen=st.sampled_from([None, *map(Split.whole, [None, *NAMES])]),
    failure=st.sampled_from([None, BROKEN, SLOW]),
)


@given(st.sampled_from([State(), STABLE, ROLLING, PROMOTING, WARM]), st.lists(EVIDENCE, max_size=8))
def test_whatever_is_seen_it_comes_to_rest_and_stays_sound(state, seen):
    now = NOW
    for evidence in seen:
        state = machine.run(state, evidence, now).state
        now += timedelta(seconds=200)
        names = [each.name for each in state.revisions]
        assert len(names) == len(set(names))
        assert {state.stable, state.candidate} - {None} <= set(names)
        assert state.candidate is None or state.candidate != state.stable
        assert (state.phase in ON_ITS_WAY) == (state.candidate is not None)
        found = states(state)
        assert [n for n in names if found[n] is RevisionState.STABLE] == [state.stable] * bool(state.stable)
        assert [n for n in names if found[n] is RevisionState.CANDIDATE] == [state.candidate] * bool(
            state.candidate
        )
        assert machine.next_step(state, evidence, now - timedelta(seconds=200)) is None
