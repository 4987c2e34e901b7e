"""A newer operator leaves what runs alone: existing Deployments stay as they were rendered at birth."""

import copy
from dataclasses import replace
from types import ModuleType

import pytest

from modelyard_operator.api.base import ApiModel
from modelyard_operator.api.server import ServerSpec
from modelyard_operator.kube.objects import ChildKey
from modelyard_operator.reconcile.source import source_of
from modelyard_operator.reconcile.view import look
from modelyard_operator.resources import catalog, server_pod
from tests.operator.reconcile.simulator import DEFAULTS, V2, World, settled, spec


def deployments(world: World) -> dict[ChildKey, object]:
    return {
        key: (raw["metadata"]["generation"], copy.deepcopy(raw["spec"]))
        for key, raw in world.objects.items()
        if key.kind == "Deployment" and key.name != "sentiment-cache"
    }


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> World:
    """A world with a stable and a cold revision, and then the next operator."""
    world = settled(cache={"managed": {}})
    world.edit(spec(image=V2, cache={"managed": {}}))
    world.settle()
    world.edit(spec(cache={"managed": {}}))
    world.settle()
    _edit_builder(monkeypatch, server_pod)
    _add_field(monkeypatch)
    world.defaults = replace(DEFAULTS, server_image="registry.example/server:next", operator_namespace="else")
    world.forget()
    return world


def _edit_builder(monkeypatch: pytest.MonkeyPatch, builder: ModuleType) -> None:
    old = builder.spec

    def edited(*args):
        return old(*args) | {"terminationGracePeriodSeconds": 999, "priorityClassName": "new"}

    monkeypatch.setattr(builder, "spec", edited)


def _add_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new field with a default stands in every dump, and in no dump of what was set."""
    old = ServerSpec.to_dict

    def to_dict(self: ApiModel) -> dict[str, object]:
        return old(self) | {"newField": "its default"}

    monkeypatch.setattr(ServerSpec, "to_dict", to_dict)


def test_existing_deployments_stay_untouched(newer):
    before = deployments(newer)
    pods = set(newer.pods)
    assert len(before) == 2
    newer.settle()
    assert deployments(newer) == before
    assert set(newer.pods) == pods
    newer.check_settled()


def test_going_back_to_a_remembered_revision_renders_nothing_anew(newer):
    before = deployments(newer)
    newer.edit(spec(image=V2, cache={"managed": {}}))
    newer.settle()
    after = deployments(newer)
    for key, (_, rendered) in before.items():
        assert after[key][1]["template"] == rendered["template"]


def test_a_new_revision_is_made_the_new_way(newer):
    newer.edit(spec("s3://models/b", cache={"managed": {}}))
    newer.settle()
    name = f"sentiment-{newer.status.stable_revision}"
    pod = newer.objects[ChildKey("Deployment", name)]["spec"]["template"]["spec"]
    assert pod["priorityClassName"] == "new"
    assert pod["containers"][0]["image"] == "registry.example/server:next"


def test_the_name_of_a_revision_does_not_depend_on_the_operator(newer):
    ctx = look(newer.observed(), newer.spec).ctx
    source = source_of(newer.status.model)
    older = replace(ctx, defaults=DEFAULTS)
    assert catalog.revision_name(older, source) == catalog.revision_name(ctx, source)
