"""`spec.scaling`: how many pods."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from modelyard_operator.api.base import ApiModel
from modelyard_operator.api.rules import Rule, rules


class ScalingSpec(ApiModel):
    """Sizes and autoscaling. A change here makes no new revision."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                rule="self.minReplicas <= self.maxReplicas",
                message="minReplicas must not be above maxReplicas: raise maxReplicas or lower minReplicas",
            )
        )
    )

    min_replicas: Annotated[int, Field(ge=1, le=1000)] = 1
    """Never fewer pods than this."""

    max_replicas: Annotated[int, Field(ge=1, le=1000)] = 3
    """Never more pods than this."""

    cpu_utilization: Annotated[int, Field(ge=1, le=100)] = 70
    """Average CPU use of the server container to keep, in percent of its request."""

    behavior: dict[str, Any] | None = None
    """Scaling speed, as in a HorizontalPodAutoscaler's `behavior`."""
