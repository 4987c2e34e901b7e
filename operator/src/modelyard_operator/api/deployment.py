"""The ModelDeployment resource."""

from typing import Any

from modelyard_operator.api.base import ApiModel
from modelyard_operator.api.cache import CacheSpec
from modelyard_operator.api.inputs import InputsSpec
from modelyard_operator.api.model import ModelSpec
from modelyard_operator.api.monitoring import MonitoringSpec
from modelyard_operator.api.networkpolicy import NetworkPolicySpec
from modelyard_operator.api.notifications import Notifications
from modelyard_operator.api.rollout import RolloutSpec
from modelyard_operator.api.routing import RoutingSpec
from modelyard_operator.api.scaling import ScalingSpec
from modelyard_operator.api.server import ServerSpec
from modelyard_operator.api.status import Status

KIND = "ModelDeployment"
PLURAL = "modeldeployments"
SINGULAR = "modeldeployment"
SHORT = "mdep"


class ModelDeploymentSpec(ApiModel):
    """One model, served as a production API."""

    model: ModelSpec
    """Where the model comes from."""
    server: ServerSpec = ServerSpec()
    """How it is served."""
    inputs: InputsSpec = InputsSpec()
    """What requests may hold."""
    cache: CacheSpec | None = None
    """Remember answers; left out: no cache."""
    scaling: ScalingSpec = ScalingSpec()
    """How many pods."""
    routing: RoutingSpec = RoutingSpec()
    """Who splits the traffic between revisions."""
    rollout: RolloutSpec = RolloutSpec()
    """How a new revision takes over."""
    monitoring: MonitoringSpec = MonitoringSpec()
    """Who scrapes it, and what is good enough."""
    network_policy: NetworkPolicySpec = NetworkPolicySpec()
    """Who may call it."""
    notifications: Notifications = ()
    """Who is told of what happens to a rollout."""


class ModelDeployment(ApiModel):
    """A ModelDeployment as the operator reads it."""

    metadata: dict[str, Any]
    spec: ModelDeploymentSpec
    status: Status = Status()
