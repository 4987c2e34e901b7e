"""Random histories of routes: operators that end at any write, kinds that go and come, modes that change."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings

from modelyard_operator.kube.neighbours import Neighbours
from modelyard_operator.kube.objects import ChildKey, Manifest
from tests.operator.reconcile.routed import BOTH, EDGE, ISTIO_KINDS, NO_ISTIO, ROUTES, accept, seen
from tests.operator.reconcile.simulator import KEY, V2, V3, Crash, World, spec

MODES = ("istio", "gateway", "replicas")
STEPS = {"steps": [{"weight": 10, "for": "30s"}, {"weight": 50}], "deadline": "5m"}


def asked(mode: str, image: str | None) -> Any:
    routing = {} if mode == "replicas" else {"routing": {"mode": mode, **EDGE}}
    return spec(image=image, rollout=STEPS, scaling={"minReplicas": 1, "maxReplicas": 10}, **routing)


@dataclass
class Routed(World):
    """A world in which no write of a route may do harm."""

    def _apply(self, manifest: Manifest) -> None:
        for rule in (
            [*manifest["spec"].get("http", ()), *manifest["spec"].get("rules", ())]
            if (manifest["kind"] in ROUTES)
            else ()
        ):
            shares = rule.get("route") or rule.get("backendRefs")
            assert sum(each["weight"] for each in shares) == 100
            names = [each.get("name") or each["destination"]["host"] for each in shares]
            alive = [self.ready(name.removeprefix(f"{KEY.name}-")) > 0 for name in names]
            anybody = any(self.ready(entry.name) for entry in self.status.revisions)
            assert all(alive) or not anybody, f"{names} get traffic, and not all of them are ready"
            services = {key.name for key in self.objects if key.kind == "Service"}
            assert services.issuperset(names), "what a route names exists"
        super()._apply(manifest)

    def lose_istio(self) -> None:
        for key in [key for key in self.objects if key.kind in ISTIO_KINDS]:
            self.remove(key)
        self.unavailable = ISTIO_KINDS
        self.neighbours = Neighbours(unserved=NO_ISTIO.unserved, gateways=BOTH.gateways[1:])

    def find_istio(self) -> None:
        self.unavailable, self.neighbours = frozenset(), BOTH


ACTS = st.one_of(
    st.tuples(st.just("pass"), st.integers(0, 6)),
    st.tuples(st.just("crash"), st.integers(0, 12)),
    st.tuples(st.just("mode"), st.sampled_from(MODES)),
    st.tuples(st.just("image"), st.sampled_from([None, V2, V3])),
    st.tuples(st.just("lose"), st.none()),
    st.tuples(st.just("find"), st.none()),
    st.tuples(st.just("time"), st.integers(1, 400)),
    st.tuples(st.just("edit"), st.sampled_from(sorted(ROUTES))),
    st.tuples(st.just("accept"), st.none()),
    st.tuples(st.just("pods"), st.integers(0, 3)),
)


def act(world: Routed, what: str, how: Any) -> None:
    """One thing happens; then the operator and the controllers have a turn."""
    match what:
        case "mode":
            world.edit(asked(how, world.spec.server.image))
        case "image":
            routing = world.spec.routing
            world.edit(asked(routing.mode.value if routing.gateway else "replicas", how))
        case "lose":
            world.lose_istio()
        case "find":
            world.find_istio()
        case "time":
            world.now += timedelta(seconds=how)
        case "edit":
            for key in [key for key in world.objects if key.kind == how]:
                world.objects[key]["spec"]["hosts"] = ["elsewhere.example.org"]
                world.touch(key)
        case "accept":
            accept(world)
        case "pods":  # All of one revision crash at once.
            for revision in [entry.name for entry in world.status.revisions][how : how + 1]:
                for pod in world.pods_of(revision):
                    world.crash_pod(pod.name)
    try:
        for _ in range(how if what == "pass" else 1):
            world.reconcile(how if what == "crash" else None)
            world.act()
            world.now += timedelta(seconds=1)
    except Crash:
        world.forget()


@settings(max_examples=60)
@given(mode=st.sampled_from(MODES), acts=st.lists(ACTS, max_size=25))
def test_every_history_ends_with_the_route_that_was_asked_for(mode: str, acts: list[tuple[str, Any]]) -> None:
    world = Routed(asked(mode, None), neighbours=BOTH)
    for what, how in acts:
        act(world, what, how)
    world.find_istio()
    for _ in range(400):
        world.reconcile()
        world.act()
        accept(world)
        world.now += timedelta(seconds=5)
    routing, wanted = world.status.routing, world.spec.routing
    mode = wanted.mode.value if wanted.gateway else "replicas"
    stable = world.status.stable_revision
    assert routing is not None
    assert (routing.mode, world.selected()) == (mode, stable)
    assert world.verdicts()["Ready"] == ("True", "Serving")
    kinds = {key.kind for key in world.objects if key.kind in ROUTES}
    assert kinds == {"istio": ISTIO_KINDS, "gateway": {"HTTPRoute"}, "replicas": set()}[mode]
    if mode != "replicas":
        split = seen(world, mode)
        assert split is not None
        assert dict(split.weights) == {stable: 100}
        assert ChildKey("Service", f"{KEY.name}-{stable}") in world.objects
    before = world.writes
    world.reconcile()
    assert world.writes == before
