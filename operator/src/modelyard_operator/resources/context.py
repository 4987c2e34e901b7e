"""What every builder of a child may read. Builders are pure: same context, same manifest."""

from dataclasses import dataclass

from modelyard_operator.api.base import API_VERSION
from modelyard_operator.api.deployment import KIND, ModelDeploymentSpec
from modelyard_operator.kube.objects import Manifest


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the operator fills in where the user says nothing."""

    server_image: str
    cache_image: str
    operator_namespace: str
    """NetworkPolicies let the operator's pods reach the admin routes."""
    image_pull_policy: str = "IfNotPresent"
    server_image_openvino: str | None = None
    """The variant of the server image that holds OpenVINO; None: the operator has none."""
    image_pull_secrets: tuple[str, ...] = ()
    """Names of Secrets to pull images with, in each deployment's own namespace."""


@dataclass(frozen=True, slots=True)
class Context:
    """One ModelDeployment and the operator's defaults."""

    namespace: str
    name: str
    uid: str
    spec: ModelDeploymentSpec
    defaults: Defaults

    @property
    def owner_reference(self) -> Manifest:
        """Children go with their owner, operator up or down."""
        return {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "name": self.name,
            "uid": self.uid,
            "controller": True,
            "blockOwnerDeletion": False,
        }


@dataclass(frozen=True, slots=True)
class Source:
    """A resolved source."""

    uri: str
    key: str
    """The hash of the `spec.model` that it was resolved for."""
    pinned: str
    digest: str | None
    task: str | None
    bytes: int | None = None
    """Size of the artifact, in bytes; it bounds the volume that `fetch` writes to."""


@dataclass(frozen=True, slots=True)
class CopySecretKey:
    """Keep key `key` of Secret `target` equal to key `source_key` of the user's Secret `source`."""

    source: str
    source_key: str
    target: Manifest
    key: str
    optional: bool = False
    """Whether the user's Secret may do without it; then the copy does too."""
    schemes: tuple[str, ...] = ()
    """What the value must begin with, one of these; none: anything."""
