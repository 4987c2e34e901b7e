"""Rollouts whose traffic goes by routes: in their steps, when kinds go away, when somebody edits them."""

from datetime import timedelta
from typing import Any

import pytest

from modelyard_operator.api.status import Phase
from modelyard_operator.kube.neighbours import Claim, Neighbours
from modelyard_operator.kube.objects import ChildKey
from modelyard_operator.routing.base import Split
from tests.operator.reconcile.routed import (
    BOTH,
    HOST,
    ISTIO_KINDS,
    NO_ISTIO,
    ROUTES,
    STEPS,
    accept,
    begun,
    mode_of,
    routed,
    run,
    seen,
)
from tests.operator.reconcile.simulator import KEY, V2, World, go_on, of_kind, reasons, spec


@pytest.mark.parametrize("mode", ["istio", "gateway"])
def test_a_candidate_goes_through_its_steps(mode: str) -> None:
    world, stable = begun(mode, rollout=STEPS)
    world.edit(routed(mode, V2, rollout=STEPS))
    found: list[dict[str, int]] = []
    for _ in range(60):
        run(world, 1)
        world.now += timedelta(seconds=9)
        split = seen(world, mode)
        if split is not None and (not found or dict(split.weights) != found[-1]):
            found.append(dict(split.weights))
        if not world.status.candidate_revision:
            assert split is not None
    new = world.status.stable_revision
    assert new is not None
    assert new != stable
    assert found == [
        {stable: 100},
        {stable: 90, new: 10},
        {stable: 50, new: 50},
        {new: 100},
    ]
    assert world.selected() == new
    assert world.verdicts()["Ready"] == ("True", "Serving")


@pytest.mark.parametrize("mode", ["istio", "gateway"])
def test_a_step_begins_when_the_route_is_seen(mode: str) -> None:
    """For an HTTPRoute that is when its controller has accepted just that."""
    world, _ = begun(mode, rollout=STEPS)
    world.edit(routed(mode, V2, rollout=STEPS))
    go_on(world, 12)
    if mode == "gateway":
        assert seen(world, mode) is None
        assert world.verdicts()["RouteReady"] == ("False", "Pending")
        assert world.status.rollout.phase is Phase.SHIFTING
    run(world, 3)
    assert world.status.rollout.phase is Phase.OBSERVING
    assert world.verdicts()["RouteReady"] == ("True", "Routed")


def test_kinds_that_go_away_in_mid_rollout_leave_traffic_on_stable() -> None:
    rollout = STEPS | {"deadline": "5m"}
    world, stable = begun("istio", rollout=rollout)
    world.edit(routed("istio", V2, rollout=rollout))
    run(world, 15)
    assert seen(world, "istio") != Split.whole(stable)
    for key in [key for key in world.objects if key.kind in ISTIO_KINDS]:
        world.remove(key)
    world.unavailable = ISTIO_KINDS
    world.neighbours = NO_ISTIO
    run(world, 3)
    assert world.selected() == stable
    assert world.verdicts()["Ready"] == ("True", "Serving")
    assert world.verdicts()["RouteReady"] == ("False", "ModeUnavailable")
    assert world.verdicts()["Stalled"] == ("True", "ModeUnavailable")
    assert mode_of(world) == "istio"
    for _ in range(40):
        run(world, 1)
        world.now += timedelta(seconds=30)
        assert world.selected() == stable
    assert world.status.candidate_revision is None
    assert [each.revision for each in world.status.rollout.rejected] != []
    world.unavailable = frozenset()
    world.neighbours = BOTH
    run(world)
    assert seen(world, "istio") == Split.whole(stable)
    assert world.verdicts()["RouteReady"] == ("True", "Routed")


@pytest.mark.parametrize("mode", ["istio", "gateway"])
def test_a_candidate_without_ready_pods_gets_nothing(mode: str) -> None:
    """At once, whatever its step says: before anybody has decided to give it up."""
    world, stable = begun(mode, rollout=STEPS)
    world.edit(routed(mode, V2, rollout=STEPS))
    run(world, 15)
    candidate = world.status.candidate_revision
    assert seen(world, mode) == Split({stable: 90, candidate or "": 10})
    for pod in world.pods_of(candidate):
        world.crash_pod(pod.name)
    for _ in range(3):  # Status first, then the route.
        world.reconcile()
        accept(world)
    assert seen(world, mode) == Split.whole(stable)


def test_kinds_that_are_not_there_trouble_nobody_who_does_not_ask_for_them() -> None:
    world = World(spec(), unavailable=ROUTES, neighbours=NO_ISTIO)
    world.settle()
    world.check_settled()
    assert world.verdicts()["Stalled"][0] == "False"
    assert world.verdicts()["RouteReady"] == ("True", "Selected")
    assert mode_of(world) == "replicas"


@pytest.mark.parametrize("rule", [{"fault": {"abort": {"httpStatus": 500}}}, {"timeout": "1ms"}])
def test_an_edit_by_somebody_else_is_put_back_and_told(rule: dict[str, Any]) -> None:
    world, _ = begun("istio")
    key = ChildKey("VirtualService", f"{KEY.name}-gateway")
    before = world.child(key).body
    world.objects[key]["spec"]["http"][0] |= rule
    world.touch(key)
    made = world.reconcile()
    assert [(e.reason, e.warning) for e in made.events] == [("RouteEdited", True)]
    assert made.events[0].message == (
        "VirtualService sentiment-gateway was edited by somebody else and is put back: change the spec "
        "instead"
    )
    assert world.child(key).body == before
    run(world, 2)
    world.check_settled()


def test_a_weight_that_somebody_else_sets_is_put_back_and_told() -> None:
    world, stable = begun("gateway")
    key = ChildKey("HTTPRoute", KEY.name)
    world.objects[key]["spec"]["rules"][0]["backendRefs"][0]["weight"] = 7
    world.touch(key)
    assert [e.reason for e in world.reconcile().events] == ["RouteEdited"]
    run(world, 2)
    assert world.objects[key]["spec"]["rules"][0]["backendRefs"][0]["weight"] == 100
    assert seen(world, "gateway") == Split.whole(stable)


MODES = ["istio", "gateway", "replicas"]


@pytest.mark.parametrize("old", MODES)
@pytest.mark.parametrize("new", MODES)
def test_a_change_of_mode_never_leaves_traffic_without_a_route(old: str, new: str) -> None:
    def made(mode: str) -> Any:
        return spec() if mode == "replicas" else routed(mode)

    world = World(made(old), neighbours=BOTH)
    run(world)
    stable = world.status.stable_revision
    world.edit(made(new))
    for _ in range(12):
        go_on(world, 1)
        whole = [seen(world, mode) == Split.whole(stable) for mode in (old, new) if mode != "replicas"]
        assert world.selected() == stable
        assert any(whole) or "replicas" in (old, new)
        accept(world)
    assert mode_of(world) == new
    kinds = {key.kind for key in world.objects if key.kind in ROUTES}
    assert kinds == {"istio": ISTIO_KINDS, "gateway": {"HTTPRoute"}, "replicas": set()}[new]
    world.check_settled()


def test_the_old_route_stays_until_the_new_one_is_accepted() -> None:
    world, stable = begun("istio")
    world.edit(routed("gateway"))
    go_on(world, 10)  # No controller accepts it.
    assert mode_of(world) == "istio"
    assert world.verdicts()["RouteReady"] == ("False", "Pending")
    assert world.verdicts()["Reconciling"] == ("True", "RoutePending")
    assert world.verdicts()["Ready"] == ("True", "Serving")
    assert of_kind(world, "HTTPRoute") == {KEY.name}
    assert seen(world, "istio") == Split.whole(stable)
    run(world)
    assert (mode_of(world), of_kind(world, "VirtualService")) == ("gateway", set())


def test_a_gateway_that_is_missing_holds_the_route_and_not_the_model() -> None:
    world = World(routed("istio", rollout=STEPS))
    run(world)
    stable = world.status.stable_revision
    assert world.verdicts()["Ready"] == ("True", "Serving")
    assert world.verdicts()["RouteReady"] == ("False", "GatewayMissing")
    assert world.verdicts()["Stalled"] == ("True", "GatewayMissing")
    assert reasons(world).count("GatewayMissing") == 1
    assert of_kind(world, "VirtualService") == set()
    assert (mode_of(world), world.selected()) == ("replicas", stable)
    world.edit(routed("istio", V2, rollout=STEPS))
    run(world)
    assert world.selected() == stable, "a weighted step waits for its route"
    world.neighbours = BOTH
    run(world, 20)
    assert mode_of(world) == "istio"
    found = seen(world, "istio")
    assert found is not None
    assert found.weights[stable or ""] == 90


def test_a_host_of_somebody_else_is_left_to_them() -> None:
    claim = Claim("VirtualService", "other", "first", frozenset({HOST}), frozenset({"ingress/edge"}))
    world = World(routed("istio"), neighbours=Neighbours(gateways=BOTH.gateways, claims=(claim,)))
    run(world)
    assert world.verdicts()["RouteReady"] == ("False", "HostClaimed")
    assert world.verdicts()["Ready"] == ("True", "Serving")
    assert of_kind(world, "VirtualService") == set()
    world.neighbours = BOTH
    run(world)
    assert world.verdicts()["RouteReady"] == ("True", "Routed")
    world.neighbours = Neighbours(gateways=BOTH.gateways, claims=(claim,))
    run(world, 3)
    assert world.verdicts()["RouteReady"] == ("True", "Routed")
    assert "is claimed by VirtualService other/first" in world.condition("RouteReady").message


def test_a_route_of_our_name_that_is_not_ours_is_never_touched() -> None:
    world = World(routed("istio"), neighbours=BOTH)
    world.take(ChildKey("VirtualService", KEY.name))
    run(world)
    assert world.verdicts()["RouteReady"] == ("False", "NameTaken")
    assert world.verdicts()["Ready"] == ("True", "Serving")


def test_a_route_that_its_controller_refuses_is_told_in_its_words() -> None:
    world, _ = begun("gateway")
    key = ChildKey("HTTPRoute", KEY.name)
    refused = {
        "type": "Accepted",
        "status": "False",
        "reason": "NotAllowedByListeners",
        "message": "no listener lets routes of namespace shop in",
        "observedGeneration": 1,
    }
    world.set_status(key, {"parents": [{"controllerName": "x/y", "conditions": [refused]}]})
    go_on(world, 2)
    condition = world.condition("RouteReady")
    assert (condition.status, condition.reason) == ("False", "NotAllowedByListeners")
    assert condition.message == "x/y says Accepted is False: no listener lets routes of namespace shop in"
    assert world.verdicts()["Ready"] == ("True", "Serving")


def test_a_lost_status_is_made_anew_from_the_routes() -> None:
    world, stable = begun("gateway")
    world.status = type(world.status)()
    run(world)
    assert (mode_of(world), world.status.stable_revision) == ("gateway", stable)
    assert seen(world, "gateway") == Split.whole(stable)


def test_where_clients_outside_reach_it_is_told() -> None:
    world, _ = begun("istio")
    assert world.status.routing is not None
    assert world.status.routing.urls == (f"http://{HOST}",)
