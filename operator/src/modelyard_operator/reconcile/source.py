"""Turning `spec.model` into an immutable reference: when a resolve Job is wanted and what it answered."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from modelyard_operator import contract, labels
from modelyard_operator.api.status import ModelStatus
from modelyard_operator.kube.objects import Child, JobState, Manifest, Pod
from modelyard_operator.reconcile import revisions, troubles
from modelyard_operator.reconcile.diff import child_key, desired_hash
from modelyard_operator.reconcile.model import Event, Observed
from modelyard_operator.resources import catalog
from modelyard_operator.resources.context import Context, Source
from modelyard_operator.resources.revision import Revision
from modelyard_operator.rollout.evidence import Failure
from modelyard_operator.rollout.state import State

JOB = "Job"
FIRST_RETRY = 30.0
FIRST_RETRY_PERMANENT = 120.0
LAST_RETRY = 600.0
REPORT_GRACE = 30.0
"""Seconds that a finished Job may be ahead of the news of its pods."""
NO_SERVER = "is spec.server.image a Modelyard server?"
NO_PODS_GRACE = 30.0
"""Seconds after which a Job without any pod is told about."""


@dataclass(frozen=True, slots=True)
class SourceStep:
    """What is known of the source, and what is wanted to know more."""

    model: ModelStatus
    job: Manifest | None = None
    """The resolve Job that should exist now."""
    look_again: datetime | None = None
    events: tuple[Event, ...] = ()


def source_of(model: ModelStatus) -> Source | None:
    """The resolved source, if it is."""
    if model.pinned is None:
        return None
    return Source(model.uri, model.key, model.pinned, model.digest, model.task, model.bytes)


def advance(
    ctx: Context, observed: Observed, state: State, kept: Mapping[str, Revision], now: datetime
) -> SourceStep:
    """The next state of the source, from the status, the Job and the Job's pods."""
    model = observed.status.model
    key = catalog.model_key(ctx.spec.model)
    if model is None or model.key != key:
        model = _known(ctx, key, state, kept) or ModelStatus(uri=ctx.spec.model.uri, key=key)
    if model.pinned is not None:
        return SourceStep(model)
    if model.retry_at is not None and now < model.retry_at:
        return SourceStep(model, look_again=model.retry_at)
    if observed.unavailable & {JOB, revisions.POD}:
        return SourceStep(model)
    job = catalog.resolve_job(ctx, key)
    live = observed.children.get(child_key(job))
    if live is None or live.deleting:
        return SourceStep(model, job)
    return _hear(model, job, live, observed.pods, now)


def _known(ctx: Context, key: str, state: State, kept: Mapping[str, Revision]) -> ModelStatus | None:
    """The answer of a revision that was made from the same `spec.model`: going back needs no Job."""
    same = [entry for entry in state.revisions if entry.model_key == key and entry.name in kept]
    if not same:
        return None
    entry = max(same, key=lambda entry: (entry.name == state.stable, entry.created_at, entry.name))
    revision = kept[entry.name]
    return ModelStatus(
        uri=ctx.spec.model.uri,
        key=key,
        pinned=revision.pinned,
        digest=revision.digest,
        task=revision.task,
        bytes=revision.bytes,
    )


def _hear(model: ModelStatus, job: Manifest, live: Child, pods: tuple[Pod, ...], now: datetime) -> SourceStep:
    """What the live Job and its pods say."""
    state = live.state if isinstance(live.state, JobState) else JobState(False, False, None)
    # A Job of the same name may have gone moments ago; its pods go a little later.
    its_pods = sorted(
        (pod for pod in pods if pod.job == live.key.name and pod.created_at >= live.created_at),
        key=lambda pod: (pod.created_at, pod.name),
        reverse=True,
    )
    last: Manifest | None = None
    for report in _reports(its_pods):
        if report["ok"] and isinstance(report.get("pinned"), str) and report["pinned"]:
            return _resolved(model, report)
        last = last or (report if not report["ok"] else None)
    if last is not None and (state.failed or last.get("permanent") is True):
        return _failed(model, troubles.failure_of_report(last), now)
    if state.failed:
        return _failed(model, _why_without_report(model, live, state, its_pods), now)
    if state.succeeded:
        heard_by = (state.finished_at or now) + timedelta(seconds=REPORT_GRACE)
        if now < heard_by:
            return SourceStep(model, job, heard_by)
        return _failed(
            model, Failure("NoReport", f"Job {live.key.name} ended without a report: {NO_SERVER}"), now
        )
    return _waiting(model, job, live, its_pods, now)


def _reports(pods: list[Pod]) -> list[Manifest]:
    """The reports of resolve containers, newest pod first."""
    found = (
        troubles.report_of(container)
        for pod in pods
        if pod.component == labels.COMPONENT_RESOLVE
        for container in pod.containers
        if container.name == contract.RESOLVE_CONTAINER
    )
    return [report for report in found if report is not None]


def _waiting(model: ModelStatus, job: Manifest, live: Child, pods: list[Pod], now: datetime) -> SourceStep:
    """The Job is at it: say what keeps it from starting, if anything does."""
    if live.desired_hash != desired_hash(job):
        return SourceStep(model)  # It asks the wrong way: it goes, and is made again.
    trouble = troubles.of_pods(pods)
    look_again = None
    if not pods:
        told_at = live.created_at + timedelta(seconds=NO_PODS_GRACE)
        look_again = told_at if now < told_at else None
        if look_again is None:
            words = f"Job {live.key.name} has no pod yet: see its events (quota, service account, admission)"
            trouble = Failure("NoPods", words)
    if model.attempts:
        return SourceStep(model, job, look_again)
    update = {
        "reason": trouble.reason if trouble else None,
        "message": trouble.message if trouble else None,
    }
    return SourceStep(model.model_copy(update=update), job, look_again)


def _resolved(model: ModelStatus, report: Manifest) -> SourceStep:
    answer = ModelStatus(
        uri=model.uri,
        key=model.key,
        pinned=report["pinned"],
        digest=_typed(report.get("digest"), str),
        task=_typed(report.get("task"), str),
        bytes=_typed(report.get("bytes"), int),
    )
    event = Event("Resolved", troubles.clip(f"{model.uri} is {answer.pinned}"))
    return SourceStep(answer, events=(event,))


def _failed(model: ModelStatus, failure: Failure, now: datetime) -> SourceStep:
    wait = FIRST_RETRY_PERMANENT if failure.fatal else FIRST_RETRY
    retry_at = now + timedelta(seconds=min(LAST_RETRY, wait * 2 ** min(model.attempts, 10)))
    update: dict[str, Any] = {
        "attempts": model.attempts + 1,
        "retry_at": retry_at,
        "reason": failure.reason,
        "message": failure.message,
    }
    event = Event("ResolveFailed", troubles.clip(f"{failure.reason}: {failure.message}"), warning=True)
    return SourceStep(model.model_copy(update=update), look_again=retry_at, events=(event,))


def _why_without_report(model: ModelStatus, live: Child, state: JobState, pods: list[Pod]) -> Failure:
    """The pods' words, what was told while they ran (an overdue Job takes them away), or the Job's."""
    seen = troubles.of_pods(pods)
    if seen is not None:
        return seen
    if model.reason and not model.attempts:
        return Failure(model.reason, model.message or "")
    words = f"Job {live.key.name} failed: {state.message or 'it says no more; see its events'}"
    return Failure("ResolveFailed", troubles.clip(words))


def _typed(value: Any, kind: type) -> Any:
    return value if isinstance(value, kind) and not isinstance(value, bool) else None


def again(step: SourceStep) -> SourceStep:
    """The same source, to be resolved anew at once."""
    return replace(step, model=ModelStatus(uri=step.model.uri, key=step.model.key), job=None, look_again=None)
