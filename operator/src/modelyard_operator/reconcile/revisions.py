"""What is seen of the revisions: their stored manifests, their pods, and which of them traffic reaches."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from modelyard_operator import labels
from modelyard_operator.api.status import MAX_REJECTED, MAX_REVISIONS, RevisionState, RevisionStatus, Status
from modelyard_operator.kube.objects import Child, ChildKey, DeploymentState, Pod, RevisionData, ServiceState
from modelyard_operator.reconcile import rejections
from modelyard_operator.reconcile.model import Observed
from modelyard_operator.resources import catalog
from modelyard_operator.resources.revision import Revision
from modelyard_operator.rollout.evidence import Population
from modelyard_operator.rollout.rules.remembering import RETIRED
from modelyard_operator.rollout.state import State
from modelyard_operator.routing.replicas import stable_of

DEPLOYMENT = "Deployment"
SERVICE = "Service"
REVISION = "ControllerRevision"
POD = "Pod"


def stored(observed: Observed) -> dict[str, Revision]:
    """The revisions that ControllerRevisions remember, by name. Unreadable ones are left out."""
    found: dict[str, Revision] = {}
    for key, child in observed.children.items():
        if key.kind != REVISION or child.deleting or not isinstance(child.state, RevisionData):
            continue
        try:
            revision = catalog.read_revision(child.state)
        except ValueError:
            continue
        found[revision.name] = revision
    return found


def deployments(observed: Observed) -> dict[str, Child]:
    """The revisions' Deployments by revision name."""
    return {
        child.revision: child
        for key, child in observed.children.items()
        if key.kind == DEPLOYMENT and child.revision is not None
    }


def server_pods(observed: Observed) -> dict[str, list[Pod]]:
    """The server pods that have not ended and are not on their way out, by revision name, oldest first."""
    found: dict[str, list[Pod]] = {}
    for pod in sorted(observed.pods, key=lambda pod: (pod.created_at, pod.name)):
        if pod.component != labels.COMPONENT_SERVER or pod.deleting or pod.is_over:
            continue
        if pod.revision is not None:
            found.setdefault(pod.revision, []).append(pod)
    return found


def populations(observed: Observed) -> dict[str, Population]:
    """How many pods each revision wants and has ready."""
    pods = server_pods(observed)
    live = deployments(observed)
    ready = Counter({name: sum(pod.ready for pod in members) for name, members in pods.items()})
    found: dict[str, Population] = {}
    for name in live.keys() | pods.keys():
        child = live.get(name)
        state = child.state if child is not None else None
        if child is None or not isinstance(state, DeploymentState):
            found[name] = Population(ready=ready[name], pods=len(pods.get(name, ())))
            continue
        count = state.ready if POD in observed.unavailable else ready[name]
        seen = state.observed_generation >= child.generation and not child.deleting
        found[name] = Population(state.wanted, count, seen, max(len(pods.get(name, ())), count))
    return found


def selected(observed: Observed) -> str | None:
    """The revision that the live stable Service selects; None: none, several, or it does not exist."""
    child = observed.children.get(ChildKey(SERVICE, observed.key.name))
    if child is None or not isinstance(child.state, ServiceState):
        return None
    return child.state.selector.get(labels.REVISION)


def is_sound(status: Status) -> bool:
    """Whether status can be the memory: it names only revisions that it lists."""
    names = {entry.name for entry in status.revisions}
    named = {status.stable_revision, status.candidate_revision} - {None}
    return status.model is not None and named <= names


def recover(observed: Observed, kept: Mapping[str, Revision], now: datetime) -> State:
    """The rollout's state when status was lost: stable is what the Service really selects.

    It is never simply the newest. The others are warm where pods run and cold where none do; what was
    rejected stays so.
    """
    live, seen = deployments(observed), populations(observed)
    names = set(kept)
    stable = selected(observed) or _shared(observed)
    if stable is not None and stable in live:
        names.add(stable)
    if stable not in names:
        stable = None
    rejected = rejections.read(child for name, child in live.items() if name != stable)
    given_up = {rejection.revision for rejection in rejected}
    born = {name: _born(observed, name) for name in names}
    entries: list[RevisionStatus] = []
    for name in sorted(names, key=lambda name: (born[name], name), reverse=True):
        running = name in seen and seen[name].wanted > 0
        if name == stable:
            state = RevisionState.STABLE
        elif running:
            # Traffic may still reach it.
            state = RevisionState.WARM
        else:
            state = RevisionState.REJECTED if name in given_up else RevisionState.COLD
        revision = kept.get(name)
        entries.append(
            RevisionStatus(
                name=name,
                state=state,
                model_key=revision.model_key if revision else "",
                pinned=revision.pinned if revision else "",
                created_at=born[name],
                retired_at=now if state in RETIRED else None,
            )
        )
    entries.sort(key=lambda entry: entry.state is not RevisionState.STABLE)
    return State(
        stable=stable, revisions=tuple(entries[: MAX_REVISIONS - 1]), rejected=rejected[-MAX_REJECTED:]
    )


def _shared(observed: Observed) -> str | None:
    """The stable one of two revisions that the live Service selects."""
    child = observed.children.get(ChildKey(SERVICE, observed.key.name))
    return None if child is None else stable_of(child)


def _born(observed: Observed, name: str) -> datetime:
    """When a revision was made, by the oldest object that carries its name."""
    return min(
        child.created_at
        for child in observed.children.values()
        if child.revision == name and child.key.kind in (REVISION, DEPLOYMENT)
    )
