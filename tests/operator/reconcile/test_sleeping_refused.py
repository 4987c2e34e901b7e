"""What keeps a deployment awake that asks for no pods while no requests come."""

import pytest

from modelyard_operator.kube.objects import ChildKey
from modelyard_operator.routing.base import Split
from tests.operator.reconcile.routed import BOTH, accept, seen
from tests.operator.reconcile.simulator import KEY, World, go_on, spec
from tests.operator.reconcile.sleepers import GRANTED, MODES, ZERO, asleep, run, scaler, zero


@pytest.mark.parametrize("mode", MODES)
def test_when_the_add_on_goes_away_it_wakes_and_says_so(mode: str) -> None:
    world, stable = asleep(mode)
    world.unavailable = frozenset({"InterceptorRoute"})
    World.check(world)
    for _ in range(12):
        go_on(world, 1)
        accept(world)
    assert world.ready(stable) == 1
    assert seen(world, mode) == Split.whole(stable)
    assert world.verdicts()["ScalerReady"] == ("False", "NoHttpAddOn")
    assert "install the add-on" in world.condition("ScalerReady").message


@pytest.mark.parametrize(
    ("unavailable", "reason", "mend"),
    [
        ({"ScaledObject", "InterceptorRoute"}, "NoKeda", "install KEDA and its HTTP add-on"),
        ({"InterceptorRoute"}, "NoHttpAddOn", "install the add-on, 0.14 or newer"),
    ],
)
def test_without_the_add_on_everything_else_goes_on(unavailable: set[str], reason: str, mend: str) -> None:
    world = World(zero("istio"), neighbours=GRANTED, unavailable=frozenset(unavailable))
    run(world)
    world.idle = True
    run(world)
    assert world.verdicts()["Ready"] == ("True", "Serving")
    assert world.verdicts()["ScalerReady"] == ("False", reason)
    words = world.condition("ScalerReady").message
    assert words.startswith("spec.scaling.toZero needs") and mend in words
    assert world.size(world.status.stable_revision) == 1


def refused(world: World) -> tuple[str, str]:
    run(world)
    world.idle = True
    run(world)
    stable = world.status.stable_revision
    assert world.verdicts()["Ready"] == ("True", "Serving")
    assert world.size(stable) == 1
    assert not any(key.kind == "InterceptorRoute" for key in world.objects)
    said = world.condition("ScalerReady")
    assert said.status == "False"
    return said.reason, said.message


def test_in_mode_replicas_nothing_could_hold_a_request() -> None:
    reason, words = refused(World(spec(scaling=ZERO)))
    assert reason == "RouteCannotHold"
    assert "mode replicas" in words and "name a gateway in spec.routing.gateway" in words


def test_grpc_is_not_held() -> None:
    world = World(zero("istio", server={"grpcPort": 9000}), neighbours=GRANTED)
    reason, words = refused(world)
    assert reason == "GrpcNotHeld"
    assert "leave out spec.server.grpcPort" in words


def test_a_route_to_another_namespace_needs_a_grant_of_it() -> None:
    world = World(zero("gateway"), neighbours=BOTH)
    reason, words = refused(world)
    assert reason == "NotGranted"
    assert "a ReferenceGrant in namespace keda" in words
    world.neighbours = GRANTED
    run(world, 20)
    assert world.verdicts()["Ready"] == ("True", "Asleep")


def test_an_add_on_in_the_deployments_own_namespace_needs_no_grant() -> None:
    own = {"maxReplicas": 4, "toZero": {"addOnNamespace": KEY.namespace}}
    world = World(zero("gateway", scaling=own), neighbours=BOTH)
    run(world, 16)
    assert world.verdicts()["ScalerReady"] == ("True", "Scaling")
    found = seen(world, "gateway")
    assert found is not None and found.held_by == KEY.namespace


def test_an_interceptor_route_that_is_refused_leaves_the_pods() -> None:
    world = World(zero("istio"), neighbours=GRANTED)
    run(world, 16)
    stable = world.status.stable_revision or ""
    key = ChildKey("InterceptorRoute", f"{KEY.name}-{stable}")
    wrong = {"type": "Ready", "status": "False", "reason": "NoService", "message": "there is no such Service"}
    world.idle = True
    for _ in range(6):
        world.reconcile()
        world.set_status(key, {"conditions": [wrong]})
    assert world.verdicts()["ScalerReady"] == ("False", "NoService")
    assert "there is no such Service" in world.condition("ScalerReady").message
    assert seen(world, "istio") == Split.whole(stable)
    assert "idleReplicaCount" not in scaler(world, stable)
