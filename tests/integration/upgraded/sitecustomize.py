"""Makes an operator process that has this folder in PYTHONPATH a later version of itself.

It has a field more, with a default, and its builders render another pod.
"""

from typing import Any

from modelyard_operator.api.deployment import ModelDeploymentSpec
from modelyard_operator.api.server import ServerSpec
from modelyard_operator.resources import server_pod

_rendered = server_pod.spec


class LaterServerSpec(ServerSpec):
    """A field that did not exist when the resources were made."""

    http2: bool = False


def _later(*args: Any) -> dict[str, Any]:
    return _rendered(*args) | {"hostname": "later", "terminationGracePeriodSeconds": 77}


server_pod.spec = _later
field = ModelDeploymentSpec.model_fields["server"]
field.annotation, field.default = LaterServerSpec, LaterServerSpec()
ModelDeploymentSpec.model_rebuild(force=True)
assert isinstance(ModelDeploymentSpec.model_validate({"model": {"uri": "s3://a/b"}}).server, LaterServerSpec)
