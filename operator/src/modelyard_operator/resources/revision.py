"""A revision: an immutable source and the fields of server and inputs that the user set.

What the operator fills in (image, probes, fetch container) is rendered once, at the revision's birth, and
kept in its ControllerRevision; an operator upgrade never renders an existing revision again.
"""

from dataclasses import dataclass, field

from modelyard_operator.kube.objects import Manifest


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision as its ControllerRevision keeps it."""

    name: str
    """Its hash: 10 lower-case characters that begin with a letter."""
    model_key: str
    pinned: str
    digest: str | None
    task: str | None
    deployment: Manifest
    """The Deployment, rendered at birth."""
    service: Manifest
    """The revision's own Service, rendered at birth."""
    bytes: int | None = None
    """Size of the artifact, in bytes."""
    spec: Manifest = field(default_factory=dict)
    """`spec.model`, `spec.server` and `spec.inputs` at birth, for people who ask what a revision was."""
