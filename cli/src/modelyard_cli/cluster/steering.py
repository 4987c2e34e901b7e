"""Commands to a rollout: an annotation, and what came of it in the operator's words."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from modelyard_cli.cluster.client import Cluster
from modelyard_cli.cluster.commands import ANNOTATION
from modelyard_cli.errors import CliError
from modelyard_cli.view.summary import Moment, Summary, summarise

Raw = dict[str, Any]

NONE = "none"
"""Stands for the revision while there is none."""
_POLL_SECONDS = 0.25
_EVENT_SECONDS = 1.0
"""An Event follows the status after a moment."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a command.

    Attributes:
        verb: What was asked for.
        revision: Of which revision.
        nonce: Of the command.
        decisions: What the operator decided since, the oldest first.
        after: The rollout as it stands now.
    """

    verb: str
    revision: str
    nonce: str
    decisions: tuple[Moment, ...]
    after: Summary

    def to_dict(self) -> Raw:
        """As plain values, for -o json and -o yaml."""
        return {
            "name": self.after.name,
            "namespace": self.after.namespace,
            "verb": self.verb,
            "revision": self.revision,
            "nonce": self.nonce,
            "decisions": [{"what": each.what, "why": each.why} for each in self.decisions],
            "phase": self.after.phase,
            "message": self.after.message,
        }


def candidate(found: Raw) -> str:
    """The revision that most commands are about."""
    status = found.get("status") or {}
    return str(status.get("candidateRevision") or status.get("stableRevision") or NONE)


def steer(
    cluster: Cluster,
    name: str,
    verb: str,
    choose: Callable[[Raw], str] = candidate,
    *,
    seconds: float,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Give a command and wait until the operator has carried it out or refused it.

    Args:
        cluster: Where.
        name: The ModelDeployment.
        verb: What the operator is to do.
        choose: Tells from the ModelDeployment which revision it is about.
        seconds: How long to wait.
        sleep: Waits between two looks.
        clock: Monotonic seconds.

    Raises:
        CliError: It was refused, another command took its place, or nothing was heard in time.
    """
    before = cluster.deployment(name)
    uid, revision, nonce = before["metadata"]["uid"], choose(before), secrets.token_hex(6)
    refused = cluster.refusals(uid)
    value = f"{verb}@{revision}#{nonce}"
    cluster.annotate(name, ANNOTATION, value)
    ends = clock() + seconds
    while clock() < ends:
        found = cluster.deployment(name)
        rollout = (found.get("status") or {}).get("rollout") or {}
        if rollout.get("lastCommand") == nonce:
            decisions = _since(before, found)
            words = rollout.get("lastCommandRefusal")
            if words is None and not decisions:
                words = _refusal(cluster, uid, refused, sleep)
            if words is not None:
                raise CliError(f"{verb} was refused: {words}")
            return Outcome(verb, revision, nonce, decisions, summarise(found))
        present = (found["metadata"].get("annotations") or {}).get(ANNOTATION)
        if present != value:
            raise CliError(f"{verb}: another command took its place before the operator heard it: {present}")
        sleep(_POLL_SECONDS)
    raise CliError(
        f"{verb}: no answer within {seconds:g} s; is the operator running? The command stays: it is carried "
        "out when the operator is back"
    )


def _since(before: Raw, after: Raw) -> tuple[Moment, ...]:
    known = set(map(repr, summarise(before).history))
    return tuple(each for each in reversed(summarise(after).history) if repr(each) not in known)


def _refusal(cluster: Cluster, uid: str, before: list[Raw], sleep: Callable[[float], None]) -> str | None:
    """An operator that doesn't write refusals into status tells them in an Event alone."""
    sleep(_EVENT_SECONDS)
    known = {(each["metadata"]["name"], each.get("count")) for each in before}
    news = [e for e in cluster.refusals(uid) if (e["metadata"]["name"], e.get("count")) not in known]
    return str(news[-1].get("message")) if news else None
