"""Traffic by the Service's selector."""

import pytest

from modelyard_operator import labels
from modelyard_operator.api.deployment import ModelDeploymentSpec
from modelyard_operator.resources.context import Context, Defaults
from modelyard_operator.routing.base import Traffic
from modelyard_operator.routing.replicas import Replicas

SPEC = ModelDeploymentSpec.model_validate({"model": {"uri": "hf://org/repo"}})
CTX = Context("shop", "sentiment", "uid", SPEC, Defaults("server", "cache", "system"))


@pytest.mark.parametrize(
    ("traffic", "target"),
    [
        (Traffic(None, None), None),
        (Traffic("rnew", None, {"rnew": 1}), "rnew"),
        (Traffic("rnew", "rold", {"rnew": 1, "rold": 1}), "rnew"),
        (Traffic("rnew", "rold", {"rold": 1}), "rold"),
        (Traffic("rnew", "rold", {}), "rnew"),
        (Traffic("rnew", "none", {}), "rnew"),
    ],
    ids=["nothing", "first", "switch", "not to nobody", "nobody anywhere", "from nothing"],
)
def test_it_never_moves_from_ready_pods_to_none(traffic, target):
    route = Replicas().route(CTX, traffic)
    assert route.revision == target
    (service,) = route.manifests
    assert service["metadata"]["name"] == "sentiment"
    assert service["spec"]["selector"][labels.REVISION] == (target or "none")
