"""One-shot commands: the annotation `modelyard.dev/command: VERB@REVISION#NONCE`."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from modelyard_operator import labels
from modelyard_operator.api.status import PurgeStatus, RevisionState
from modelyard_operator.kube.objects import ChildKey
from modelyard_operator.reconcile import source
from modelyard_operator.reconcile.model import Event, Observed
from modelyard_operator.reconcile.source import SourceStep
from modelyard_operator.rollout.evidence import Asked, Evidence
from modelyard_operator.rollout.state import News, State
from modelyard_operator.rollout.verbs import VERBS

RETRY = "retry"
REFRESH = "refresh"
PURGE = "purge"
KNOWN = (*VERBS, RETRY, REFRESH, PURGE)
NO_REVISION = "none"
"""Stands for the revision in a command while there is none."""

_FORM = re.compile(r"^(?P<verb>[a-z-]{1,32})@(?P<revision>[a-z0-9]{1,32})#(?P<nonce>[A-Za-z0-9._-]{1,64})$")
_NONCE_LIMIT = 128


@dataclass(frozen=True, slots=True)
class Commanded:
    """What a command leaves behind."""

    state: State
    source: SourceStep
    last: str | None
    """The nonce of the last command that was heard."""
    events: tuple[Event, ...] = ()
    purge: PurgeStatus | None = None
    """The purge that was asked for just now."""
    refusal: str | None = None
    """Why the last command was refused."""
    news: tuple[News, ...] = ()
    """What the command did to the rollout."""


def obey(
    observed: Observed, state: State, step: SourceStep, evidence: Evidence, now: datetime, *, lost: bool
) -> Commanded:
    """Carry out the annotation's command, once; `lost`: the status that knew whether it was has gone."""
    last, refusal = observed.status.rollout.last_command, observed.status.rollout.last_command_refusal
    text = observed.annotations.get(labels.COMMAND, "")
    found = _FORM.match(text)
    nonce = found["nonce"] if found else text[:_NONCE_LIMIT]
    if not text or nonce == last:
        return Commanded(state, step, last, refusal=refusal)
    if lost and state.revisions:
        words = "the status was lost, and with it whether this was carried out: give the command once more"
        return _refuse(state, step, nonce, words)
    if not found:
        return _refuse(state, step, nonce, f"{text[:_NONCE_LIMIT]!r} is not VERB@REVISION#NONCE")
    if found["verb"] not in VERBS:
        return _carry_out(observed, state, step, evidence, found, now=now)
    done = VERBS[found["verb"]](state, evidence, found["revision"], now)
    if isinstance(done, str):
        return _refuse(state, step, nonce, f"{found['verb']} {found['revision']}: {done}")
    return Commanded(done.state, step, nonce, news=done.news)


def _carry_out(
    observed: Observed,
    state: State,
    step: SourceStep,
    evidence: Evidence,
    found: re.Match[str],
    *,
    now: datetime,
) -> Commanded:
    verb, revision, nonce = found["verb"], found["revision"], found["nonce"]
    asked = evidence.asked
    current = {name for name in (state.stable, state.candidate, asked.revision) if name} or {NO_REVISION}
    if verb not in KNOWN:
        return _refuse(state, step, nonce, f"{verb} is no command: there are {', '.join(KNOWN)}")
    if revision not in current:
        names = ", ".join(sorted(current))
        return _refuse(state, step, nonce, f"{verb} names revision {revision}; the current ones are {names}")
    if verb == PURGE:
        if observed.spec is None or observed.spec.cache is None:
            return _refuse(state, step, nonce, "there is no spec.cache: there is nothing to purge")
        return Commanded(state, step, nonce, purge=PurgeStatus(nonce=nonce, asked_at=now))
    if verb == REFRESH or (verb == RETRY and step.model.attempts):
        return _resolve_again(observed, state, step, verb, nonce)
    return _retry(state, step, asked, revision, nonce)


def _retry(state: State, step: SourceStep, asked: Asked, revision: str, nonce: str) -> Commanded:
    if state.rejection(revision) is None or revision != asked.revision:
        return _refuse(state, step, nonce, f"revision {revision} was not given up: there is nothing to retry")
    freed = replace(state, back_to=None, rejected=tuple(r for r in state.rejected if r.revision != revision))
    entry = freed.entry(revision)
    if entry is not None and entry.state is RevisionState.REJECTED:
        freed = freed.with_entry(entry.model_copy(update={"state": RevisionState.COLD}))
    return Commanded(freed, step, nonce, (Event("Retry", f"revision {revision} is tried again"),))


def _resolve_again(observed: Observed, state: State, step: SourceStep, verb: str, nonce: str) -> Commanded:
    job = ChildKey(source.JOB, f"{observed.key.name}-resolve-{step.model.key[:8]}")
    if job in observed.children and step.model.pinned is not None:
        # The Job of the answer that stands has not gone yet: it would be heard a second time.
        return Commanded(state, step, observed.status.rollout.last_command)
    event = Event("Refresh" if verb == REFRESH else "Retry", "the source is resolved again")
    return Commanded(state, source.again(step), nonce, (event,))


def _refuse(state: State, step: SourceStep, nonce: str, words: str) -> Commanded:
    return Commanded(state, step, nonce, (Event("CommandRefused", words, warning=True),), refusal=words)
