"""From raw objects to what is kept of them. Pure."""

from datetime import datetime
from typing import Any

from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import Child, ChildKey, Container, Key, Manifest, Pod, Resource, pack
from modelyard_operator.labels import COMPONENT, DEPLOYMENT, DESIRED_HASH, REVISION

_NOT_DESIRED = frozenset({"apiVersion", "kind", "metadata", "status"})
NOTHING = pack({})
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def when(stamp: str | None) -> datetime | None:
    """An API time stamp (RFC 3339) as a timezone-aware datetime."""
    return datetime.fromisoformat(stamp) if stamp else None


def controller_uid(metadata: Manifest) -> str | None:
    """The uid of the object that controls this one."""
    for owner in metadata.get("ownerReferences") or ():
        if owner.get("controller"):
            return str(owner["uid"])
    return None


def child(kind: Kind, raw: Manifest) -> Child:
    """What is kept of a child."""
    metadata = raw["metadata"]
    labels = metadata.get("labels") or {}
    annotations = metadata.get("annotations") or {}
    body: Manifest = {}
    if not kind.create_only:  # what is never applied again is never compared
        body = {k: v for k, v in raw.items() if k not in _NOT_DESIRED}
        body["metadata"] = {"labels": labels, "annotations": annotations}
    return Child(
        key=ChildKey(kind.kind, metadata["name"]),
        uid=metadata["uid"],
        owner_uid=controller_uid(metadata),
        resource_version=metadata["resourceVersion"],
        generation=metadata.get("generation", 0),
        created_at=when(metadata.get("creationTimestamp")) or EPOCH,
        deployment=labels.get(DEPLOYMENT, ""),
        revision=labels.get(REVISION),
        desired_hash=annotations.get(DESIRED_HASH),
        body=pack(body) if body else NOTHING,
        state=kind.project(raw),
        deleting="deletionTimestamp" in metadata,
    )


def pod(raw: Manifest) -> Pod:
    """What is kept of a pod."""
    metadata, status = raw["metadata"], raw.get("status") or {}
    labels = metadata.get("labels") or {}
    conditions = {c["type"]: c for c in status.get("conditions") or ()}
    ready, scheduled = conditions.get("Ready", {}), conditions.get("PodScheduled", {})
    job = next((o["name"] for o in metadata.get("ownerReferences") or () if o["kind"] == "Job"), None)
    is_ready = ready.get("status") == "True"
    unschedulable = scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable"
    return Pod(
        name=metadata["name"],
        uid=metadata["uid"],
        deployment=labels.get(DEPLOYMENT, ""),
        revision=labels.get(REVISION),
        component=labels.get(COMPONENT, ""),
        job=job,
        ip=status.get("podIP"),
        phase=status.get("phase", "Unknown"),
        ready=is_ready,
        ready_at=when(ready.get("lastTransitionTime")) if is_ready else None,
        created_at=when(metadata.get("creationTimestamp")) or EPOCH,
        scheduled_at=when(scheduled.get("lastTransitionTime")) if scheduled.get("status") == "True" else None,
        unschedulable=scheduled.get("message") or "Unschedulable" if unschedulable else None,
        containers=tuple(_container(c) for c in status.get("containerStatuses") or ()),
        init_containers=tuple(_container(c) for c in status.get("initContainerStatuses") or ()),
        deleting="deletionTimestamp" in metadata,
    )


def _container(raw: dict[str, Any]) -> Container:
    state = raw.get("state") or {}
    waiting, running, terminated = (state.get(k) or {} for k in ("waiting", "running", "terminated"))
    ended = terminated or (raw.get("lastState") or {}).get("terminated") or {}
    return Container(
        name=raw["name"],
        ready=bool(raw.get("ready")),
        restarts=raw.get("restartCount", 0),
        waiting_reason=waiting.get("reason"),
        waiting_message=waiting.get("message"),
        started_at=when(running.get("startedAt") or terminated.get("startedAt")),
        finished_at=when(terminated.get("finishedAt")),
        exit_code=ended.get("exitCode"),
        exit_reason=ended.get("reason"),
        exit_message=ended.get("message"),
    )


def resource(raw: Manifest) -> Resource:
    """What is kept of a ModelDeployment."""
    metadata = raw["metadata"]
    annotations = metadata.get("annotations") or {}
    return Resource(
        key=Key(metadata["namespace"], metadata["name"]),
        uid=metadata["uid"],
        generation=metadata.get("generation", 0),
        resource_version=metadata["resourceVersion"],
        created_at=when(metadata.get("creationTimestamp")) or EPOCH,
        spec=raw.get("spec") or {},
        status=raw.get("status") or {},
        # kubectl's own copy of the whole object is of no use here.
        annotations={k: v for k, v in annotations.items() if not k.startswith("kubectl.kubernetes.io/")},
        deleting="deletionTimestamp" in metadata,
    )
