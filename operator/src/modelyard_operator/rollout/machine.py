"""The rollout's state machine: one pure step at a time, from what is remembered and what is seen.

A candidate starts beside the stable revision and goes through the steps of the spec: for each, its pods are
brought up (`PROGRESSING`), its traffic is named and moved (`SHIFTING`), and it is watched (`OBSERVING`) or
decided on (`AWAITING_APPROVAL`). After the last, or at once without any, it is named stable at full size
(`PROMOTING`) and the rollout rests (`IDLE`) when the traffic is seen to be there. A candidate that is not to
go on loses its traffic first (`RETURNING`). The former stable revision stays warm for a roll-back, then cold,
then is forgotten.

A rule is a small function that returns a step or None; the first that returns a step wins. The caller
persists the new state before it acts on it, so a crash anywhere is another start of the same function.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from modelyard_operator.api.status import MAX_HISTORY, MAX_REVISIONS, MAX_WHY, HistoryEntry
from modelyard_operator.rollout.evidence import Evidence
from modelyard_operator.rollout.rules.beginning import (
    forget_roll_back,
    note_changer,
    recognise,
    restart,
    start,
)
from modelyard_operator.rollout.rules.clock import mend_clock
from modelyard_operator.rollout.rules.judging import decide, judge, keep_time, reject
from modelyard_operator.rollout.rules.promotion import confirm, promote, take_back
from modelyard_operator.rollout.rules.remembering import expire, prune
from modelyard_operator.rollout.rules.returning import put_away_rejected, returned, supersede
from modelyard_operator.rollout.rules.stepping import (
    make_room,
    note_traffic,
    observe,
    pass_step,
    prepare,
    unsettle,
    withdraw,
)
from modelyard_operator.rollout.state import News, State, Step

Rule = Callable[[State, Evidence, datetime], Step | None]

RULES: tuple[Rule, ...] = (
    mend_clock,
    forget_roll_back,
    confirm,
    take_back,
    supersede,
    returned,
    put_away_rejected,
    recognise,
    start,
    note_changer,
    restart,
    judge,
    reject,
    decide,
    make_room,
    withdraw,
    unsettle,
    prepare,
    note_traffic,
    observe,
    pass_step,
    promote,
    keep_time,
    expire,
    prune,
)

MAX_STEPS = 8 * MAX_REVISIONS


def next_step(state: State, evidence: Evidence, now: datetime) -> Step | None:
    """The next step from `state`, or None when there is nothing to do but wait."""
    for rule in RULES:
        step = rule(state, evidence, now)
        if step is not None:
            return step
    return None


def run(state: State, evidence: Evidence, now: datetime) -> Step:
    """All steps that the same evidence allows, as one; what they decided is in the state's history.

    Raises:
        RuntimeError: the rules undo each other. It is a fault of this module.
    """
    news: tuple[News, ...] = ()
    for _ in range(MAX_STEPS):
        step = next_step(state, evidence, now)
        if step is None:
            return Step(remember(state, news, now), news)
        state, news = step.state, news + step.news
    raise RuntimeError(f"the rollout does not come to rest: {state}")


def remember(state: State, news: tuple[News, ...], now: datetime) -> State:
    """`state` with these decisions at the end of its history."""
    if not news:
        return state
    entries = (
        HistoryEntry(
            at=now,
            revision=each.revision,
            what=each.happening.value,
            why=each.message[:MAX_WHY],
            numbers=dict(each.numbers),
        )
        for each in news
    )
    return replace(state, history=(*state.history, *entries)[-MAX_HISTORY:])
