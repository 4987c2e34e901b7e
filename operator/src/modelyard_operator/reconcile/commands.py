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
from modelyard_operator.rollout.state import Asked, State

RETRY = "retry"
REFRESH = "refresh"
PURGE = "purge"
KNOWN = (RETRY, REFRESH, PURGE)
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


def obey(observed: Observed, state: State, step: SourceStep, asked: Asked, now: datetime) -> Commanded:
    """Carry out the annotation's command, once."""
    last = observed.status.rollout.last_command
    text = observed.annotations.get(labels.COMMAND)
    if not text:
        return Commanded(state, step, last)
    found = _FORM.match(text)
    nonce = found["nonce"] if found else text[:_NONCE_LIMIT]
    if nonce == last:
        return Commanded(state, step, last)
    if not found:
        return _refuse(state, step, nonce, f"{text[:_NONCE_LIMIT]!r} is not VERB@REVISION#NONCE")
    return _carry_out(observed, state, step, asked, found, now=now)


def _carry_out(
    observed: Observed, state: State, step: SourceStep, asked: Asked, found: re.Match[str], *, now: datetime
) -> Commanded:
    verb, revision, nonce = found["verb"], found["revision"], found["nonce"]
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
    freed = replace(state, rejected=tuple(r for r in state.rejected if r.revision != revision))
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
    return Commanded(state, step, nonce, (Event("CommandRefused", words, warning=True),))
