"""Who scales the revisions, and what the condition ScalerReady says of it."""

from modelyard_operator import labels
from modelyard_operator.kube import project
from modelyard_operator.kube.objects import ChildKey
from modelyard_operator.resources.autoscaler import AUTOSCALER
from tests.operator.reconcile.simulator import World, go_on, settled, spec


def test_an_autoscaler_without_metrics_says_so():
    world = settled()
    key = ChildKey("HorizontalPodAutoscaler", f"sentiment-{world.status.stable_revision}")
    words = "unable to get metrics"
    condition = {"type": "ScalingActive", "status": "False", "message": words}
    world.objects[key]["status"] = {"conditions": [condition]}
    world.touch(key)
    world.reconcile()
    assert (world.condition("ScalerReady").status, world.condition("Ready").status) == ("False", "True")
    assert words in world.condition("ScalerReady").message


KEDA = {
    "maxReplicas": 5,
    "requestsPerSecond": 50,
    "prometheus": {"address": "http://prometheus.monitoring.svc:9090"},
}


def scaler(world: World) -> list[str]:
    kinds = {"HorizontalPodAutoscaler", "ScaledObject"}
    return [key.kind for key in world.objects if key.kind in kinds]


def test_keda_scales_where_requests_are_to_be_counted():
    world = settled(scaling=KEDA)
    assert scaler(world) == ["ScaledObject"]
    assert world.verdicts()["ScalerReady"] == ("True", "Scaling")
    assert "between 1 and 5 pods" in world.condition("ScalerReady").message
    key = ChildKey("ScaledObject", f"sentiment-{world.status.stable_revision}")
    words = "Triggers defined in ScaledObject are not working correctly"
    world.objects[key]["status"] = {"conditions": [{"type": "Ready", "status": "False", "message": words}]}
    world.touch(key)
    world.reconcile()
    assert (world.condition("ScalerReady").status, world.condition("Ready").status) == ("False", "True")
    assert f"KEDA does not scale: {words}" in world.condition("ScalerReady").message


def test_without_keda_the_cpu_decides_and_the_condition_says_so():
    world = World(spec(scaling=KEDA))
    world.unavailable = frozenset({"ScaledObject"})
    world.settle()
    assert scaler(world) == ["HorizontalPodAutoscaler"]
    assert world.verdicts()["ScalerReady"] == ("False", "NoKeda")
    assert "Install KEDA, or leave them out" in world.condition("ScalerReady").message
    assert world.condition("Ready").status == "True"


def made_by_keda(world: World, **condition: str) -> ChildKey:
    """The autoscaler that KEDA makes of the stable revision's ScaledObject."""
    key = ChildKey("HorizontalPodAutoscaler", f"keda-hpa-sentiment-{world.status.stable_revision}")
    metadata = {"name": key.name, "uid": "of-keda", "resourceVersion": "1"}
    metadata["labels"] = {labels.REVISION: world.status.stable_revision}
    raw = {"metadata": metadata, "spec": {"maxReplicas": 5}}
    raw["status"] = {"conditions": [{"type": "ScalingActive", **condition}]} if condition else {}
    world.foreign[key] = project.child(AUTOSCALER, raw)
    world.next_version()
    return key


def test_what_keda_made_tells_when_keda_has_ended():
    world = settled(scaling=KEDA)
    made_by_keda(world, status="True")
    go_on(world, 1)
    assert world.verdicts()["ScalerReady"] == ("True", "Scaling")
    made_by_keda(world, status="False", message="unable to fetch metrics: no route to host")
    go_on(world, 1)
    assert world.verdicts()["ScalerReady"] == ("False", "NotScaling")
    assert "KEDA's autoscaler does not scale: unable to" in world.condition("ScalerReady").message
    assert world.condition("Ready").status == "True"
    assert scaler(world) == ["ScaledObject"]


def test_none_of_ours_is_made_beside_an_autoscaler_of_keda():
    world = settled(scaling=KEDA)
    left = made_by_keda(world)
    world.remove(ChildKey("ScaledObject", f"sentiment-{world.status.stable_revision}"))
    world.unavailable = frozenset({"ScaledObject"})
    go_on(world, 2)
    assert scaler(world) == []
    said = world.condition("ScalerReady")
    assert (said.status, said.reason) == ("False", "NoKeda")
    assert f"the HorizontalPodAutoscaler {left.name} must go first, which KEDA sees to" in said.message
    del world.foreign[left]
    world.settle()
    assert scaler(world) == ["HorizontalPodAutoscaler"]
    assert "must go first" not in world.condition("ScalerReady").message


def test_a_scaled_object_that_keda_does_not_let_go_is_named():
    world = settled(scaling=KEDA)
    key = ChildKey("ScaledObject", f"sentiment-{world.status.stable_revision}")
    world.objects[key]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    world.touch(key)
    world.edit(spec(scaling={"maxReplicas": 5}))
    go_on(world, 2)
    assert scaler(world) == ["ScaledObject"]
    assert world.verdicts()["ScalerReady"] == ("Unknown", "Waiting")
    assert f"the ScaledObject {key.name} must go first" in world.condition("ScalerReady").message


def test_one_scaler_takes_over_from_the_other():
    world = settled()
    assert scaler(world) == ["HorizontalPodAutoscaler"]
    pods = set(world.pods)
    for scaling, kind in ((KEDA, "ScaledObject"), ({"maxReplicas": 5}, "HorizontalPodAutoscaler")):
        world.edit(spec(scaling=scaling))
        world.settle()
        assert scaler(world) == [kind]
    assert set(world.pods) == pods, "no pod was replaced"
