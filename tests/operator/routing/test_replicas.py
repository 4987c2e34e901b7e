"""Traffic by the Service's selector."""

import pytest

from modelyard_operator import labels
from modelyard_operator.api.deployment import ModelDeploymentSpec
from modelyard_operator.kube import project
from modelyard_operator.kube.objects import ChildKey
from modelyard_operator.resources.context import Context, Defaults
from modelyard_operator.resources.service import SERVICE
from modelyard_operator.routing.base import Split, Traffic
from modelyard_operator.routing.replicas import Replicas

SPEC = ModelDeploymentSpec.model_validate({"model": {"uri": "hf://org/repo"}})
CTX = Context("shop", "sentiment", "uid", SPEC, Defaults("server", "cache", "system"))


@pytest.mark.parametrize("revision", [None, "rnew"])
def test_the_service_selects_who_serves_and_that_is_what_is_seen(revision):
    route = Replicas().route(CTX, Traffic(Split.whole(revision), revision))
    assert route.revision == revision
    (service,) = route.manifests
    assert service["metadata"]["name"] == "sentiment"
    assert service["spec"]["selector"][labels.REVISION] == (revision or "none")
    live = {
        "metadata": service["metadata"]
        | {"uid": "1", "resourceVersion": "1", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": service["spec"],
    }
    children = {ChildKey("Service", "sentiment"): project.child(SERVICE, live)}
    assert Replicas().seen(CTX, children) == Split.whole(revision)


def test_without_a_service_nobody_can_tell():
    assert Replicas().seen(CTX, {}) is None
