"""Worlds whose traffic goes by routes."""

from typing import Any

from modelyard_operator.kube.neighbours import Gateway, Listener, Neighbours
from modelyard_operator.kube.objects import ChildKey
from modelyard_operator.kube.routes import GATEWAY_API, ISTIO
from modelyard_operator.resources.context import Context
from modelyard_operator.routing.base import Split
from modelyard_operator.routing.gateway import Gateway as GatewayRouter
from modelyard_operator.routing.istio import Istio
from tests.operator.reconcile.simulator import DEFAULTS, KEY, World, go_on, spec
from tests.operator.routing.worlds import ACCEPTED

HOST = "sentiment.example.org"
EDGE: dict[str, Any] = {"hosts": [HOST], "gateway": {"namespace": "ingress", "name": "edge"}}
BOTH = Neighbours(
    gateways=tuple(
        Gateway(group, "ingress", "edge", (Listener((), 80, False),)) for group in (ISTIO, GATEWAY_API)
    )
)
NO_ISTIO = Neighbours(unserved={"VirtualService": "the API server has no virtualservices"})
ISTIO_KINDS = frozenset({"VirtualService", "DestinationRule"})
ROUTES = ISTIO_KINDS | {"HTTPRoute"}
STEPS = {"steps": [{"weight": 10, "for": "1m"}, {"weight": 50, "for": "1m"}]}


def accept(world: World) -> None:
    """What a Gateway's controller does."""
    key = ChildKey("HTTPRoute", KEY.name)
    if key in world.objects:
        generation = world.objects[key]["metadata"]["generation"]
        conditions = [c | {"observedGeneration": generation} for c in ACCEPTED["parents"][0]["conditions"]]
        world.set_status(key, {"parents": [{"controllerName": "x/y", "conditions": conditions}]})


def run(world: World, passes: int = 12) -> None:
    for _ in range(passes):
        go_on(world, 1)
        accept(world)


def seen(world: World, mode: str) -> Split | None:
    routing = world.spec.routing
    router = Istio(routing) if mode == "istio" else GatewayRouter(routing)
    ctx = Context(KEY.namespace, KEY.name, "uid", world.spec, DEFAULTS)
    return router.seen(ctx, {key: world.child(key) for key in world.objects})


def routed(mode: str, image: str | None = None, **more: Any) -> Any:
    return spec(image=image, routing={"mode": mode, **EDGE}, **more)


def begun(mode: str, **more: Any) -> tuple[World, str]:
    """A world whose first revision serves by a route."""
    world = World(routed(mode, **more), neighbours=BOTH)
    run(world)
    stable = world.status.stable_revision
    assert stable is not None
    assert world.status.routing is not None
    assert (world.status.routing.mode, seen(world, mode)) == (mode, Split.whole(stable))
    assert world.verdicts()["RouteReady"] == ("True", "Routed")
    return world, stable


def mode_of(world: World) -> str:
    assert world.status.routing is not None
    return world.status.routing.mode
