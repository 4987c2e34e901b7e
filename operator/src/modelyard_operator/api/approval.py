"""The ModelApproval resource: a person's decision on one revision, for the evidence that they saw.

It is made once and never changed. That `approver` is who made it is held by an admission policy
(`admission.py`); the right to decide is RBAC's `create` on modelapprovals in the namespace.
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from modelyard_operator.api.base import ApiModel
from modelyard_operator.api.rules import Rule, matching

KIND = "ModelApproval"
PLURAL = "modelapprovals"
SINGULAR = "modelapproval"
SHORT = "mappr"

MAX_APPROVER = 512
MAX_REASON = 1024

_DIGEST = r"^sha256:[0-9a-f]{64}$"
_REVISION = r"^[a-z0-9]{1,32}$"


class Verdict(StrEnum):
    """What was decided."""

    APPROVE = "approve"
    """The rollout goes on."""
    REJECT = "reject"
    """The candidate is aborted, and not tried again by itself."""


class ModelApprovalSpec(ApiModel):
    """A decision on one revision of one ModelDeployment in the same namespace."""

    deployment: Annotated[
        str,
        Field(min_length=1, max_length=40),
        matching(r"^[a-z]([-a-z0-9]*[a-z0-9])?$", "is no name of a ModelDeployment: copy its metadata.name"),
    ]
    """The ModelDeployment's name."""

    revision: Annotated[
        str,
        Field(min_length=1, max_length=32),
        matching(_REVISION, "is no revision: copy status.candidateRevision"),
    ]
    """The candidate that is decided on."""

    evidence: Annotated[
        str,
        Field(max_length=71),
        matching(_DIGEST, "is no digest: copy status.rollout.evidenceDigest, which is sha256: and 64 digits"),
    ]
    """The digest of the evidence that was seen: it is void for any other."""

    decision: Verdict
    """Whether the rollout goes on."""

    reason: Annotated[str, Field(max_length=MAX_REASON)] = ""
    """Why, for whoever looks later."""

    approver: Annotated[str, Field(min_length=1, max_length=MAX_APPROVER)]
    """Who decides: the user name that the API server knows you by, as `kubectl auth whoami` shows it."""


class ModelApproval(ApiModel):
    """A ModelApproval as the operator reads it."""

    metadata: dict[str, Any]
    spec: ModelApprovalSpec


IMMUTABLE = Rule(
    rule="self == oldSelf",
    message="a decision is never changed: make another ModelApproval, under another name",
)
