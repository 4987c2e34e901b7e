"""From caches and memory to what one plan may read."""

from dataclasses import dataclass

import structlog
from pydantic import ValidationError

from modelyard_operator.api.deployment import ModelDeploymentSpec
from modelyard_operator.api.status import Status
from modelyard_operator.approval.guards import UNREAD, Guards, seen
from modelyard_operator.kube.caches import Caches
from modelyard_operator.kube.objects import Child, ChildKey, Key, Resource
from modelyard_operator.reconcile.memory import Memories, Memory
from modelyard_operator.reconcile.model import Observed, Purged
from modelyard_operator.reconcile.part import heard
from modelyard_operator.resources.context import Defaults

log = structlog.get_logger(__name__)

SHOWN_ERRORS = 5


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is observed, and what its writes need."""

    resource: Resource
    """As the plan's status write must find it still."""
    observed: Observed
    memory: Memory


def gather(
    key: Key, caches: Caches, memories: Memories, defaults: Defaults, guards: Guards = UNREAD
) -> Gathered | None:
    """What is known of `key` now; None: it is gone or going, and its children with it."""
    resource = caches.resource(key)
    if resource is None or resource.deleting:
        memories.forget(key)
        return None
    memory = memories.of(key, resource.uid)
    _parse_spec(resource, memory)
    children: dict[ChildKey, Child] = {}
    foreign: dict[ChildKey, Child] = {}
    for store in caches.children.values():
        for child in store.of(key).values():
            (children if child.owner_uid == resource.uid else foreign)[child.key] = child
    pods = tuple(caches.pods.of(key).values())
    memory.keep_pods(pod.uid for pod in pods)
    observed = Observed(
        key=key,
        uid=resource.uid,
        generation=resource.generation,
        spec=memory.spec,
        spec_error=memory.spec_error,
        status=_status(resource),
        annotations=resource.annotations,
        children=children,
        foreign=foreign,
        pods=pods,
        defaults=defaults,
        unavailable=caches.unavailable(key.namespace),
        neighbours=caches.neighbours(resource),
        refused={child: refused.refusal for child, refused in memory.refused.items()},
        readiness=dict(memory.readiness),
        parts=heard({uid: (told.part, told.restarts) for uid, told in memory.told.items()}, pods),
        analysis=memory.analysis,
        approvals=tuple(caches.approvals.of(key).values()),
        guards=seen(guards, caches.unheard_approvals(key.namespace)),
        purged={uid: Purged(p.nonce, p.is_done, p.failure) for uid, p in memory.purges.items()},
    )
    return Gathered(resource, observed, memory)


def _parse_spec(resource: Resource, memory: Memory) -> None:
    if memory.generation == resource.generation:
        return
    memory.generation = resource.generation
    try:
        memory.spec, memory.spec_error = ModelDeploymentSpec.model_validate(resource.spec), None
    except ValidationError as error:
        memory.spec, memory.spec_error = None, describe(error)


def describe(error: ValidationError) -> str:
    """What is wrong with a spec, field by field, in one line."""
    found = error.errors(include_url=False, include_input=False)
    lines = [f"spec.{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in found[:SHOWN_ERRORS]]
    more = [f"and {len(found) - SHOWN_ERRORS} more"] if len(found) > SHOWN_ERRORS else []
    return "; ".join(lines + more)


def _status(resource: Resource) -> Status:
    try:
        return Status.model_validate(resource.status)
    except ValidationError as error:
        log.warning(
            "status is unreadable; it is made anew from what serves",
            namespace=resource.key.namespace,
            name=resource.key.name,
            error=describe(error).replace("spec.", "status."),
        )
        return Status()
