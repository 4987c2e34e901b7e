"""The conditions in each situation, and what kstatus makes of them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from modelyard_operator.api.status import Status
from modelyard_operator.kube.objects import ChildKey
from modelyard_operator.reconcile.conditions import Said, stamp
from modelyard_operator.reconcile.model import Observed
from modelyard_operator.reconcile.plan import plan
from tests.operator.reconcile.simulator import (
    DEFAULTS,
    KEY,
    SLOW_IMAGE,
    START,
    World,
    go_on,
    of_kind,
    settled,
    spec,
)
from tests.operator.reconcile.situations import (
    all_pods_crash,
    all_pods_start_again,
    cannot_watch,
    cannot_watch_what_matters,
    edited,
    first_crashes,
    first_is_late,
    first_lacks_its_engine,
    first_lacks_its_keys,
    fresh,
    keyed,
    name_taken,
    paused,
    resolving,
    serving,
    starting,
    unresolvable,
    update_lacks_its_engine,
    update_lacks_its_keys,
    update_rejected,
    update_unresolvable,
    updating,
)


def kstatus(world: World) -> str:
    """What kstatus reads: https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus ."""
    if world.status.observed_generation != world.generation:
        return "InProgress"
    for condition in world.status.conditions:
        if condition.type == "Reconciling" and condition.status == "True":
            return "InProgress"
        if condition.type == "Stalled" and condition.status == "True":
            return "Failed"
    ready = world.condition("Ready")
    return "Current" if ready is None or ready.status == "True" else "InProgress"


@pytest.mark.parametrize(
    ("situation", "ready", "reconciling", "stalled", "verdict"),
    [
        (fresh, None, None, None, "InProgress"),
        (resolving, "False Resolving", "True Resolving", "False", "InProgress"),
        (unresolvable, "False NotFound", "False", "True NotFound", "Failed"),
        (starting, "False Progressing", "True Progressing", "False", "InProgress"),
        (first_is_late, "False DeadlineExceeded", "False", "True DeadlineExceeded", "Failed"),
        (first_crashes, "False Crashed", "False", "True Crashed", "Failed"),
        (serving, "True Serving", "False", "False", "Current"),
        (edited, "True Serving", "False", "False", "InProgress"),
        (updating, "True Serving", "True Progressing", "False", "InProgress"),
        (update_rejected, "True Serving", "False", "True Crashed", "Failed"),
        (update_unresolvable, "True Serving", "False", "True NotFound", "Failed"),
        (paused, "True Serving", "True Paused", "False", "InProgress"),
        (all_pods_start_again, "False NoReadyPods", "True NoReadyPods", "False", "InProgress"),
        (all_pods_crash, "False Crashed", "False", "True Crashed", "Failed"),
        (name_taken, "False NameTaken", "False", "True NameTaken", "Failed"),
        (first_lacks_its_keys, "False SecretNotFound", "False", "True SecretNotFound", "Failed"),
        (update_lacks_its_keys, "True Serving", "False", "True SecretNotFound", "Failed"),
        (first_lacks_its_engine, "False NoEngineImage", "False", "True NoEngineImage", "Failed"),
        (update_lacks_its_engine, "True Serving", "False", "True NoEngineImage", "Failed"),
        (cannot_watch, "True Serving", "False", "True KindUnavailable", "Failed"),
        (cannot_watch_what_matters, "Unknown KindUnavailable", "False", "True KindUnavailable", "Failed"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_conditions_tell(situation, ready, reconciling, stalled, verdict):
    world = situation()
    for kind, said in (("Ready", ready), ("Reconciling", reconciling), ("Stalled", stalled)):
        condition = world.condition(kind)
        found = None if condition is None else f"{condition.status} {condition.reason}"
        assert found == said or (found or "").split(" ", 1)[0] == said, condition
    assert kstatus(world) == verdict


def test_a_missing_secret_is_named_and_all_goes_on_once_it_is_there():
    world = first_lacks_its_keys()
    words = "Secret clients: it does not exist, and pods wait for it: create it"
    assert world.condition("Stalled").message == words
    assert world.condition("ModelLoaded").message == words
    world.absent.clear()
    world.settle()
    assert kstatus(world) == "Current"
    world.check_settled()


def test_a_candidate_that_lacks_its_secret_is_given_up_in_words_that_name_it():
    world = update_lacks_its_keys()
    world.settle()
    (rejected,) = world.status.rollout.rejected
    assert rejected.reason == "SecretNotFound"
    assert "Secret clients: it does not exist" in rejected.message
    assert world.condition("Ready").reason == "Serving"


def test_the_secret_of_ready_pods_is_not_looked_at():
    world = settled(server=keyed())
    assert world.reconcile().requires == ()
    world.absent = {"clients"}
    assert world.reconcile().requires == ()
    world.end_pod(next(iter(world.pods)))
    world.act()
    world.reconcile()
    assert world.reconcile().requires == ("clients",)
    assert world.condition("Stalled").reason == "SecretNotFound"


def test_a_missing_engine_image_names_the_setting_and_starts_nothing():
    world = update_lacks_its_engine()
    assert "MODELYARD_SERVER_IMAGE_OPENVINO" in world.condition("Stalled").message
    assert len(world.status.revisions) == 1
    assert len(of_kind(world, "ControllerRevision")) == 1
    assert [event.reason for event in world.events].count("NoEngineImage") == 1
    world.check_settled()


def test_an_operator_with_the_engines_image_goes_on():
    world = update_lacks_its_engine()
    world.defaults = replace(DEFAULTS, server_image_openvino="registry.example/server:1-openvino")
    world.settle()
    assert kstatus(world) == "Current"
    name = f"sentiment-{world.status.stable_revision}"
    pod = world.objects[ChildKey("Deployment", name)]["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == "registry.example/server:1-openvino"


def test_a_revision_that_exists_needs_no_setting():
    world = World(spec(server={"engine": "openvino"}))
    world.defaults = replace(DEFAULTS, server_image_openvino="registry.example/server:1-openvino")
    world.settle()
    world.defaults = DEFAULTS
    world.settle()
    assert kstatus(world) == "Current"
    world.check_settled()


def details(world: World) -> dict[str, tuple[str, str]]:
    return {kind: said for kind, said in world.verdicts().items() if kind[:3] not in ("Rea", "Rec", "Sta")}


def test_details_are_there_only_when_in_use():
    assert details(resolving()) == {}
    assert details(settled()) == {
        "ModelLoaded": ("True", "Loaded"),
        "RouteReady": ("True", "Selected"),
        "ScalerReady": ("True", "Scaling"),
    }
    assert details(settled(cache={"managed": {}}))["CacheReady"] == ("True", "Managed")
    external = settled(cache={"external": {"secretRef": {"name": "redis"}}})
    assert details(external)["CacheReady"] == ("True", "External")
    assert "redis" in external.condition("CacheReady").message


def test_a_cache_that_is_down_never_makes_the_model_unready():
    world = settled(cache={"managed": {}})
    for pod in list(world.pods.values()):
        if pod.component == "cache":
            pod.ready_at, pod.image = None, SLOW_IMAGE
    go_on(world, 2)
    assert (world.condition("CacheReady").status, world.condition("Ready").status) == ("False", "True")


def test_times_move_only_with_the_status():
    first = stamp((Said("Ready", "False", "A", "a"),), (), 1, START)
    later = START + timedelta(hours=1)
    same = stamp((Said("Ready", "False", "B", "b"),), first, 2, later)
    assert (same[0].last_transition_time, same[0].observed_generation) == (START, 2)
    other = stamp((Said("Ready", "True", "C", "c"),), same, 2, later)
    assert other[0].last_transition_time == later


def observed(**more: Any) -> Observed:
    given: dict[str, Any] = {
        "key": KEY,
        "uid": "uid",
        "generation": 3,
        "spec": None,
        "spec_error": "spec.model.uri: " + "x" * 5000,
        "status": Status(),
        "annotations": {},
        "children": {},
        "pods": (),
        "defaults": DEFAULTS,
    }
    return Observed(**(given | more))


def test_a_spec_that_cannot_be_read_touches_nothing():
    world = settled()
    before = world.status
    made = plan(observed(status=before, children=world.observed().children), START)
    assert not (made.apply or made.delete or made.scales)
    said = {c.type: (c.status, c.reason) for c in made.status.conditions}
    assert said["Ready"] == ("True", "Serving")
    assert said["Stalled"] == ("True", "InvalidSpec")
    assert made.status.observed_generation == 3
    assert max(len(c.message) for c in made.status.conditions) <= 1024
