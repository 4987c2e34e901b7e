"""Where the seconds of a cold start went, from a pod's own time stamps and its server's word."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from modelyard_operator import contract
from modelyard_operator.api.status import ColdStart
from modelyard_operator.kube.objects import Pod
from modelyard_operator.reconcile.model import Readiness

UNHEARD = timedelta(seconds=60)
"""How long the server's own figures are waited for."""


def measure(pods: list[Pod], readiness: Mapping[str, Readiness], now: datetime) -> ColdStart | None:
    """The breakdown for the first ready pod, in seconds; None while it is not known yet.

    Pod stamps have whole seconds, so the stages are as coarse; the server's own figures are finer.
    """
    ready = [(pod.ready_at, pod.name, pod) for pod in pods if pod.ready and pod.ready_at is not None]
    if not ready:
        return None
    ready_at, _, pod = min(ready, key=lambda each: each[:2])
    heard = readiness.get(pod.uid)
    if heard is None and now < ready_at + UNHEARD:
        return None
    fetch = next((c for c in pod.init_containers if c.name == contract.FETCH_CONTAINER), None)
    fetching = fetch.started_at if fetch else None
    fetched = fetch.finished_at if fetch else None
    return ColdStart(
        scheduled=_between(pod.created_at, pod.scheduled_at),
        pulled=_between(pod.scheduled_at, fetching),
        fetched=_between(fetching, fetched),
        loaded=_rounded(heard.load_seconds if heard else None),
        warmed=_rounded(heard.warm_seconds if heard else None),
        total=_between(pod.created_at, ready_at),
    )


def _between(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else max(0.0, round((end - start).total_seconds(), 1))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
