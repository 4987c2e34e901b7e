"""What every world starts from: the one ModelDeployment's name, the images and the sources there are."""

from datetime import UTC, datetime
from typing import Any

from modelyard_operator.api.deployment import ModelDeploymentSpec
from modelyard_operator.kube.objects import Key, Manifest
from modelyard_operator.resources.context import Defaults

KEY = Key("shop", "sentiment")
UID = "11111111-2222-3333-4444-555555555555"
START = datetime(2026, 1, 1, tzinfo=UTC)
DEFAULTS = Defaults("registry.example/server:1", "registry.example/valkey:1", "modelyard-system")

V2 = "registry.example/server:2"
V3 = "registry.example/server:3"
BAD_IMAGE = "registry.example/server:bad"
"""Pods with this image crash."""
SLOW_IMAGE = "registry.example/server:slow"
"""Pods with this image never get ready, and never crash."""
MISSING = "s3://models/missing"
"""A source that is not there."""


def spec(
    uri: str = "s3://models/a",
    image: str | None = None,
    scaling: Manifest | None = None,
    rollout: Manifest | None = None,
    server: Manifest | None = None,
    **more: Any,
) -> ModelDeploymentSpec:
    """A spec, as the API server would hand it out."""
    of_image = {"image": image} if image else {}
    return ModelDeploymentSpec.model_validate(
        {
            "model": {"uri": uri},
            "server": of_image | (server or {}),
            "scaling": scaling or {},
            "rollout": rollout or {},
            **more,
        }
    )
