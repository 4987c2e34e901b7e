"""No pods while no requests come: the way down and up."""

from datetime import timedelta

import pytest

from modelyard_operator.api.status import Status
from modelyard_operator.kube import project
from modelyard_operator.kube.objects import ChildKey
from modelyard_operator.labels import UNUSED_SINCE
from modelyard_operator.reconcile.sleeping import LINGER
from modelyard_operator.resources.autoscaler import AUTOSCALER
from modelyard_operator.resources.interceptor_route import INTERCEPTOR_ROUTE
from modelyard_operator.routing.base import Split
from tests.operator.reconcile.routed import seen
from tests.operator.reconcile.simulator import KEY, go_on
from tests.operator.reconcile.sleepers import MODES, asleep, begun, run, scaler, triggers, zero


@pytest.mark.parametrize("mode", MODES)
def test_requests_go_by_the_interceptor_before_pods_may_go(mode: str) -> None:
    world, stable = begun(mode)
    found = seen(world, mode)
    assert found is not None
    assert (found.weights, found.held_by) == ({stable: 100}, "keda")
    assert scaler(world, stable)["idleReplicaCount"] == 0
    assert scaler(world, stable)["cooldownPeriod"] == 300
    assert triggers(world, stable) == ["cpu", "external-push"]
    assert world.condition("ScalerReady").message == (
        "between 1 and 4 pods, and none once no request has come for 5m"
    )


@pytest.mark.parametrize("mode", MODES)
def test_a_revision_without_pods_is_ready_and_at_rest(mode: str) -> None:
    world, stable = asleep(mode)
    assert world.verdicts()["Ready"] == ("True", "Asleep")
    assert world.verdicts()["Reconciling"] == ("False", "Settled")
    assert world.verdicts()["Stalled"] == ("False", "NotStalled")
    assert world.verdicts()["ModelLoaded"] == ("False", "Asleep")
    assert world.status.replicas == 0
    assert f"revision {stable} sleeps" in world.condition("Ready").message
    world.check_settled()


@pytest.mark.parametrize("mode", MODES)
def test_a_request_wakes_it(mode: str) -> None:
    world, stable = asleep(mode)
    world.idle = False
    world.act()
    world.reconcile()
    assert world.verdicts()["Ready"] == ("True", "Waking")
    assert world.verdicts()["Reconciling"] == ("True", "Waking")
    run(world)
    assert world.ready(stable) == 1
    assert world.verdicts()["Ready"] == ("True", "Serving")
    found = seen(world, mode)
    assert found is not None and found.held_by == "keda"


@pytest.mark.parametrize("mode", MODES)
def test_left_out_it_wakes_and_the_autoscaler_is_back(mode: str) -> None:
    world, stable = asleep(mode)
    world.edit(zero(mode, scaling={"maxReplicas": 4}))
    run(world, 20)
    assert world.ready(stable) == 1
    found = seen(world, mode)
    assert found == Split.whole(stable)
    kinds = {key.kind for key in world.objects}
    assert "HorizontalPodAutoscaler" in kinds
    assert "ScaledObject" not in kinds


@pytest.mark.parametrize("mode", MODES)
def test_the_interceptor_knows_a_revision_until_all_proxies_have_heard_that_requests_go_elsewhere(
    mode: str,
) -> None:
    world, stable = begun(mode)
    key = ChildKey(INTERCEPTOR_ROUTE.kind, f"{KEY.name}-{stable}")
    world.edit(zero(mode, scaling={"maxReplicas": 4}))
    while seen(world, mode) != Split.whole(stable):
        run(world, 1)
    told = world.now
    run(world, 5)
    assert UNUSED_SINCE in world.objects[key]["metadata"]["annotations"]
    while key in world.objects:
        run(world, 1)
    assert LINGER <= world.now - told <= LINGER + timedelta(seconds=5)
    world.check_settled()


def test_an_interceptor_route_that_is_wanted_again_stays() -> None:
    world, stable = begun("istio")
    key = ChildKey(INTERCEPTOR_ROUTE.kind, f"{KEY.name}-{stable}")
    world.edit(zero("istio", scaling={"maxReplicas": 4}))
    run(world, 10)
    world.edit(zero("istio"))
    run(world, 60)
    assert UNUSED_SINCE not in world.objects[key]["metadata"]["annotations"]
    found = seen(world, "istio")
    assert found is not None and found.held_by == "keda"


@pytest.mark.parametrize("mode", MODES)
def test_a_lost_status_is_found_again_while_it_sleeps(mode: str) -> None:
    world, stable = asleep(mode)
    world.status = Status()
    run(world, 20)
    assert world.status.stable_revision == stable
    assert world.verdicts()["Ready"] == ("True", "Asleep")


def test_an_autoscaler_of_keda_that_pauses_at_zero_is_no_trouble() -> None:
    world, stable = asleep("istio")
    key = ChildKey("HorizontalPodAutoscaler", f"keda-hpa-{KEY.name}-{stable}")
    words = "scaling is disabled since the replica count of the target is zero"
    paused = {"type": "ScalingActive", "status": "False", "message": words}
    metadata = {"name": key.name, "uid": "of-keda", "resourceVersion": "1"}
    raw = {"metadata": metadata, "spec": {"maxReplicas": 4}, "status": {"conditions": [paused]}}
    world.foreign[key] = project.child(AUTOSCALER, raw)
    world.next_version()
    go_on(world, 1)
    assert world.verdicts()["ScalerReady"] == ("True", "Scaling")
    # Once it is woken the autoscaler says so still, until it looks the next time.
    world.idle = False
    world.act()
    world.reconcile()
    assert world.verdicts()["Ready"] == ("True", "Waking")
    assert world.verdicts()["ScalerReady"] == ("True", "Scaling")
