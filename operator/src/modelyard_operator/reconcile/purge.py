"""The command `purge`, as status remembers it: every ready pod is asked, and how it ended is told once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from modelyard_operator.api.status import PurgeStatus
from modelyard_operator.reconcile import troubles
from modelyard_operator.reconcile.model import Event, Observed, Purge
from modelyard_operator.reconcile.view import View

PATIENCE = timedelta(seconds=60)
"""How long a pod that fails is asked again."""


@dataclass(frozen=True, slots=True)
class PurgeStep:
    """What is known of the last purge, and what is wanted of pods."""

    status: PurgeStatus | None
    purges: tuple[Purge, ...] = ()
    look_again: datetime | None = None
    events: tuple[Event, ...] = ()


def advance(view: View, asked: PurgeStatus | None, now: datetime) -> PurgeStep:
    """The next state of the purge that was asked for last.

    Pods that are not ready are not asked: none of those that start holds an answer.
    """
    if asked is None or asked.ended_at is not None:
        return PurgeStep(asked)
    wanted = _wanted(view, asked.nonce)
    left = tuple(purge for purge in wanted if not _is_done(view.observed, purge))
    if wanted and not left:
        return _end(asked, Event("CachePurged", f"pods that forgot their answers: {len(wanted)}"), now)
    until = asked.asked_at + PATIENCE
    if now < until:
        return PurgeStep(asked, left, until)
    return _end(asked, Event("CachePurgeFailed", _why(view.observed, wanted, left), warning=True), now)


def _wanted(view: View, nonce: str) -> tuple[Purge, ...]:
    return tuple(
        Purge(pod.uid, pod.name, pod.ip, nonce)
        for _, pods in sorted(view.pods.items())
        for pod in pods
        if pod.ready and pod.ip
    )


def _is_done(observed: Observed, purge: Purge) -> bool:
    answer = observed.purged.get(purge.pod_uid)
    return answer is not None and answer.nonce == purge.nonce and answer.is_done


def _why(observed: Observed, wanted: tuple[Purge, ...], left: tuple[Purge, ...]) -> str:
    again = "give the command again"
    if not wanted:
        return f"no pod was ready within {PATIENCE.seconds} s to purge the cache: {again}"
    first = left[0]
    answer = observed.purged.get(first.pod_uid)
    words = answer.failure if answer is not None and answer.nonce == first.nonce else None
    return (
        f"{len(left)} of {len(wanted)} pods did not forget their answers within {PATIENCE.seconds} s "
        f"({first.pod_name}: {words or 'no answer yet'}): {again}"
    )


def _end(asked: PurgeStatus, event: Event, now: datetime) -> PurgeStep:
    message = troubles.clip(event.message)
    ended = asked.model_copy(update={"ended_at": now, "message": message})
    return PurgeStep(ended, events=(Event(event.reason, message, event.warning),))
