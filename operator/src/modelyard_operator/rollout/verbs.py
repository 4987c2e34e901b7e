"""What people may do to a rollout by command: each verb makes a step, or refuses in words. Pure."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from modelyard_operator.api.status import Phase, RevisionState
from modelyard_operator.rollout import sizing
from modelyard_operator.rollout.evidence import Evidence, Failure
from modelyard_operator.rollout.rules.returning import give_up, send_back, with_rejection
from modelyard_operator.rollout.state import STEPPING, Happening, News, State, Step

Verb = Callable[[State, Evidence, str, datetime], Step | str]


def pause(state: State, evidence: Evidence, name: str, now: datetime) -> Step | str:  # noqa: ARG001 - a verb
    """Hold the candidate where it is; what speaks against it still ends it."""
    wrong = _not_on_its_way(state, name)
    if wrong or state.paused:
        return wrong or f"revision {name} is paused already: resume it"
    return _told(replace(state, paused=True), name, f"revision {name} is paused")


def resume(state: State, evidence: Evidence, name: str, now: datetime) -> Step | str:  # noqa: ARG001 - a verb
    """Let the candidate go on."""
    wrong = _not_on_its_way(state, name)
    if wrong:
        return wrong
    if not state.paused:
        by_spec = evidence.policy.paused
        return "spec.rollout.paused is true: set it to false" if by_spec else f"revision {name} is not paused"
    return _told(replace(state, paused=False), name, f"revision {name} goes on")


def skip(state: State, evidence: Evidence, name: str, now: datetime) -> Step | str:
    """Pass over what is left of the step: its time, its analysis, its traffic; never an approval."""
    step = sizing.stage(state, evidence)
    wrong = _not_on_its_way(state, name) or _speaks_against(state)
    if wrong:
        return wrong
    if step is None:
        return f"revision {name} has no step left: there is nothing to skip"
    if step.approval:
        return f"step {state.step + 1} is an approval: approve or reject revision {name}, or abort it"
    words = f"step {state.step + 1} of {len(evidence.policy.steps)} ({step}) is skipped"
    return _told(state.at_step(state.step + 1, now), name, words)


def promote(state: State, evidence: Evidence, name: str, now: datetime) -> Step | str:
    """Pass over all steps that are left; the candidate takes over once it has its pods."""
    wrong = _not_on_its_way(state, name) or _speaks_against(state)
    if wrong:
        return wrong
    if evidence.policy.paused:
        return "spec.rollout.paused is true: set it to false"
    ahead = [place + 1 for place, s in enumerate(evidence.policy.steps) if s.approval and place >= state.step]
    if ahead and sizing.stage(state, evidence) is not None:
        return f"step {ahead[0]} is an approval: it cannot be passed over by a command"
    after = replace(
        state.at_step(len(evidence.policy.steps), now), unconditional=True, paused=False, plan=state.plan
    )
    return _told(after, name, f"revision {name} is promoted: what is left of its steps is passed over")


def abort(state: State, evidence: Evidence, name: str, now: datetime) -> Step | str:
    """Take the candidate's traffic away, and do not try it again."""
    wrong = _not_on_its_way(state, name)
    if wrong:
        return wrong
    if state.stable is None:
        return f"revision {name} is the first: nothing else serves. Change the spec instead"
    return give_up(state, evidence, Failure("Aborted", f"revision {name} was aborted by a command"), now)


def rollback(state: State, evidence: Evidence, name: str, now: datetime) -> Step | str:
    """Go back to a revision that served before, whatever the spec asks for."""
    entry = state.entry(name)
    if name == state.candidate:
        return f"revision {name} is on its way already: promote it"
    if entry is None or entry.state is RevisionState.REJECTED:
        return f"revision {name} is not among those that can be gone back to: {_known(state)}"
    if name == state.stable and state.phase is not Phase.PROMOTING:
        if state.candidate is None or state.phase is Phase.RETURNING:
            return f"revision {name} serves already"
        return give_up(state, evidence, _rolled_back(name), now)
    if name == state.stable:
        return f"revision {name} is being promoted already"
    asked = evidence.asked.revision
    words = f"revision {name} is to serve again, by command"
    for other in dict.fromkeys((asked, state.candidate)):
        if other is not None and other != name and state.rejection(other) is None:
            state = with_rejection(state, other, _rolled_back(name), now)
    state = replace(state, back_to=name, rejected=tuple(r for r in state.rejected if r.revision != name))
    if state.candidate is not None and state.stable is not None and state.phase is not Phase.RETURNING:
        state = send_back(state)
    return _told(state, name, words)


VERBS: dict[str, Verb] = {
    "pause": pause,
    "resume": resume,
    "skip": skip,
    "promote": promote,
    "abort": abort,
    "rollback": rollback,
}
"""By the word in the command. `retry` is not among them: it may be about the source as well."""


def _told(state: State, name: str, words: str) -> Step:
    return Step(state, (News(Happening.COMMANDED, name, words),))


def _rolled_back(to: str) -> Failure:
    return Failure("RolledBack", f"a command rolled back to revision {to}")


def _not_on_its_way(state: State, name: str) -> str:
    """Why a verb that is about the candidate cannot be about this revision; empty: it is."""
    if state.candidate is None:
        return "no rollout is under way"
    if name != state.candidate:
        return f"revision {name} is not the candidate: that is {state.candidate}"
    if state.phase not in STEPPING:
        return f"revision {name} is being taken back already"
    return ""


def _speaks_against(state: State) -> str:
    if not state.failures:
        return ""
    return "the last analysis failed: wait for one that passes, or abort"


def _known(state: State) -> str:
    names = [e.name for e in state.in_state(RevisionState.WARM, RevisionState.COLD)]
    return ", ".join(names) or "there are none"
