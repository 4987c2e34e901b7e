"""What of a candidate's traffic is to be measured now. Pure."""

from collections.abc import Mapping

from modelyard_operator import contract
from modelyard_operator.analysis.case import Ended
from modelyard_operator.analysis.measure import Measure
from modelyard_operator.analysis.window import PodRef
from modelyard_operator.api.analysis import AnalysisSpec
from modelyard_operator.api.quantity import amount
from modelyard_operator.kube.objects import ChildKey, JobState, Manifest
from modelyard_operator.reconcile import stages
from modelyard_operator.reconcile.view import View
from modelyard_operator.resources import catalog
from modelyard_operator.rollout.state import STEPPING, State
from modelyard_operator.routing.base import WHOLE


def wanted(view: View, state: State) -> Measure | None:
    """The measurement for the traffic that flows; None: the candidate has none."""
    if state.candidate is None or state.traffic_since is None or state.phase not in STEPPING:
        return None
    return Measure(
        candidate=state.candidate,
        stable=state.stable if state.weight < WHOLE else None,
        pods=_pods(view, (state.candidate, state.stable)),
        since=state.traffic_since,
        spec=_spec(view, state),
        shadowed=state.shadow > 0,
        cpu_limit=_cpu_limit(view, state.candidate),
        jobs={name: _ended(view, job) for name, job in checks(view, state).items() if _is_there(view, job)},
        phase=state.phase.value,
    )


def checks(view: View, state: State) -> Mapping[str, Manifest]:
    """The Jobs that the step's analysis asks for, by the check's name; they are run once traffic flows."""
    spec = _spec(view, state)
    if state.candidate is None or state.traffic_since is None or state.phase not in STEPPING or spec is None:
        return {}
    return {
        check.name: catalog.check_job(view.ctx, check, state.candidate, state.stable, state.step)
        for check in spec.jobs
    }


def _spec(view: View, state: State) -> AnalysisSpec | None:
    """What the step holds the candidate against."""
    rollout = view.ctx.spec.rollout
    if not rollout.steps:
        return None
    return stages.analysis(rollout, rollout.steps[min(state.step, len(rollout.steps) - 1)])


def _is_there(view: View, job: Manifest) -> bool:
    return ChildKey(job["kind"], job["metadata"]["name"]) in view.observed.children


def _ended(view: View, job: Manifest) -> Ended:
    name = job["metadata"]["name"]
    state = view.observed.children[ChildKey(job["kind"], name)].state
    if not isinstance(state, JobState):
        return Ended()
    # The container's last words say more than the Job's own.
    words = [
        container.exit_message
        for pod in view.observed.pods
        if pod.job == name
        for container in pod.containers
        if container.exit_code and container.exit_message
    ]
    return Ended(state.succeeded, state.failed, " ".join((words[0] if words else state.message).split()))


def _pods(view: View, revisions: tuple[str | None, ...]) -> tuple[PodRef, ...]:
    return tuple(
        PodRef(pod.uid, pod.name, pod.ip, name)
        for name in revisions
        if name is not None
        for pod in view.pods.get(name, ())
        if pod.ready and pod.ip
    )


def _cpu_limit(view: View, revision: str) -> float | None:
    """CPUs that a pod of the revision may use, as it was rendered at birth."""
    if revision not in view.kept:
        return None
    for container in view.kept[revision].deployment["spec"]["template"]["spec"]["containers"]:
        if container["name"] == contract.SERVER_CONTAINER:
            limit = container.get("resources", {}).get("limits", {}).get("cpu")
            return None if limit is None else float(amount(str(limit)))
    return None
