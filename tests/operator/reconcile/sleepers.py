"""Worlds whose deployments may go down to no pods."""

from typing import Any

from modelyard_operator.kube.neighbours import Grant, Neighbours
from modelyard_operator.kube.objects import ChildKey
from modelyard_operator.routing.base import Split
from tests.operator.reconcile.routed import BOTH, EDGE, accept, seen
from tests.operator.reconcile.simulator import KEY, World, go_on, spec

ZERO: dict[str, Any] = {"maxReplicas": 4, "toZero": {"idle": "5m"}}
GRANTED = Neighbours(
    gateways=BOTH.gateways, grants=(Grant("keda", "models", frozenset({KEY.namespace}), None),)
)
MODES = ("istio", "gateway")


class Asked(World):
    """A world in which requests may come at any moment, and must find a pod or somebody who holds them."""

    stuck: str | None = None
    """The revision whose pods do not get ready, and nobody says why."""

    def act(self) -> bool:
        acted = super().act()
        for pod in self.pods_of(self.stuck):
            pod.ready_at = None
        return acted

    def check(self) -> None:
        super().check()
        mode = self.status.routing.mode if self.status.routing is not None else None
        found = seen(self, mode) if mode in MODES else None
        if found is None or not found.serving:
            return
        (revision, *_) = sorted(found.serving)
        if found.held_by is None:
            assert any(map(self.ready, found.serving)), f"requests go to {found.serving}, without pods"
            return
        assert found == Split.whole(revision) or found.held_by == "keda"
        key = ChildKey("InterceptorRoute", f"{KEY.name}-{revision}")
        conditions = self.objects[key]["status"]["conditions"]
        assert conditions[0]["status"] == "True", "the interceptor does not know the revision"


def zero(mode: str, image: str | None = None, scaling: Any = ZERO, **more: Any) -> Any:
    return spec(image=image, routing={"mode": mode, **EDGE}, scaling=scaling, **more)


def run(world: World, passes: int = 12) -> None:
    for _ in range(passes):
        go_on(world, 1)
        accept(world)


def begun(mode: str, **more: Any) -> tuple[Asked, str]:
    """A world whose first revision is awake."""
    world = Asked(zero(mode, **more), neighbours=GRANTED)
    run(world, 16)
    stable = world.status.stable_revision
    assert stable is not None
    assert world.verdicts()["Ready"] == ("True", "Serving")
    return world, stable


def asleep(mode: str, **more: Any) -> tuple[Asked, str]:
    """A world whose revision sleeps."""
    world, stable = begun(mode, **more)
    world.idle = True
    run(world)
    assert (world.size(stable), world.ready(stable)) == (0, 0)
    return world, stable


def scaler(world: World, revision: str) -> Any:
    return world.objects[ChildKey("ScaledObject", f"{KEY.name}-{revision}")]["spec"]


def triggers(world: World, revision: str) -> list[str]:
    return [each["type"] for each in scaler(world, revision)["triggers"]]
