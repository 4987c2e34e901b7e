"""What pods know of the source that resolving could not tell: digest and task."""

from dataclasses import replace

from modelyard_operator import contract
from modelyard_operator.reconcile import troubles
from modelyard_operator.reconcile.source import SourceStep
from modelyard_operator.reconcile.view import View
from modelyard_operator.rollout.state import State


def from_pods(view: View, step: SourceStep, state: State) -> SourceStep:
    """Digest and task as pods of the asked revision know them, when resolving could not tell."""
    entry = state.entry(state.candidate or state.stable)
    if step.model.pinned is None or entry is None or entry.pinned != step.model.pinned:
        return step
    told = {
        "digest": step.model.digest or _fetched_digest(view, entry.name),
        # Of another `spec.model` (another task was asked for) the pods would say the wrong one.
        "task": step.model.task
        or (_loaded_task(view, entry.name) if entry.model_key == step.model.key else None),
    }
    if told == {"digest": step.model.digest, "task": step.model.task}:
        return step
    return replace(step, model=step.model.model_copy(update=told))


def _fetched_digest(view: View, revision: str) -> str | None:
    for pod in view.pods.get(revision, ()):
        for container in pod.init_containers:
            report = troubles.report_of(container)
            if container.name != contract.FETCH_CONTAINER or not report or not report["ok"]:
                continue
            if isinstance(report.get("digest"), str):
                return str(report["digest"])
    return None


def _loaded_task(view: View, revision: str) -> str | None:
    heard = (view.observed.readiness.get(pod.uid) for pod in view.pods.get(revision, ()))
    return next((each.task for each in heard if each is not None and each.task), None)
