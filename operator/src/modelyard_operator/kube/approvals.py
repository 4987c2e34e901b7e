"""What is kept of a ModelApproval, and which resource it is about. No I/O."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from modelyard_operator.api import approval
from modelyard_operator.api.base import API_VERSION
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import Key, Manifest
from modelyard_operator.kube.project import EPOCH, when

APPROVAL: Final = Kind(API_VERSION, approval.KIND, approval.PLURAL, is_optional=True)


@dataclass(frozen=True, slots=True)
class Approval:
    """A ModelApproval as the informer last saw it."""

    name: str
    revision: str
    evidence: str
    """The digest of what was seen."""
    decision: str
    """`approve` or `reject`."""
    approver: str
    reason: str
    created_at: datetime
    """When the API server took it."""


def project(raw: Manifest) -> Approval:
    """What is kept of it."""
    metadata, spec = raw["metadata"], raw.get("spec") or {}
    return Approval(
        name=metadata["name"],
        revision=str(spec.get("revision", "")),
        evidence=str(spec.get("evidence", "")),
        decision=str(spec.get("decision", "")),
        approver=str(spec.get("approver", "")),
        reason=str(spec.get("reason", "")),
        created_at=when(metadata.get("creationTimestamp")) or EPOCH,
    )


def about(raw: Manifest) -> Key | None:
    """The resource that it decides on: it carries no label of ours, a person makes it."""
    name = (raw.get("spec") or {}).get("deployment")
    return Key(raw["metadata"]["namespace"], name) if name else None
