"""What counts as unchanged."""

from datetime import UTC, datetime

import pytest

from modelyard_operator import labels
from modelyard_operator.kube.objects import Child, ChildKey, Manifest, pack
from modelyard_operator.reconcile.diff import desired_hash, is_subset, is_unchanged

MANIFEST = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "x", "namespace": "shop", "labels": {"a": "b"}, "ownerReferences": [{"uid": "1"}]},
    "data": {"k": "v"},
}


def live(body: Manifest, stamp: str = desired_hash(MANIFEST), version: str = "1") -> Child:
    return Child(
        key=ChildKey("ConfigMap", "x"),
        uid="u",
        owner_uid="o",
        resource_version=version,
        generation=1,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        deployment="x",
        revision=None,
        desired_hash=stamp,
        body=pack(body),
    )


BODY = {
    "metadata": {"labels": {"a": "b", "c": "d"}, "annotations": {labels.DESIRED_HASH: "?"}},
    "data": {"k": "v"},
}


def test_what_was_applied_and_stands_is_unchanged():
    assert is_unchanged(MANIFEST, live(BODY))


def test_another_hash_is_a_change_even_if_all_of_it_stands():
    assert not is_unchanged(MANIFEST, live(BODY, stamp="0"))


@pytest.mark.parametrize("edit", [{"data": {"k": "other"}}, {"data": {}}, {"metadata": {"labels": {}}}])
def test_an_edit_by_a_stranger_is_a_change(edit):
    assert not is_unchanged(MANIFEST, live(BODY | edit, version=str(edit)))


@pytest.mark.parametrize(
    ("desired", "stored"),
    [
        ({"cpu": "0.5"}, {"cpu": "500m"}),
        ({"memory": "1024Mi"}, {"memory": "1Gi"}),
        ({"cpu": 1}, {"cpu": "1"}),
        ({"ingress": []}, {}),
        ({"emptyDir": {}}, {"emptyDir": {}}),
        ({"value": ""}, {}),
        ({"hostNetwork": False}, {}),
        ({"ports": [{"port": 80}]}, {"ports": [{"port": 80, "protocol": "TCP", "nodePort": 31000}]}),
        ({"env": [{"name": "A"}]}, {"env": [{"name": "INJECTED"}, {"name": "A"}]}),
        ({"replicasElsewhere": 1}, {"replicasElsewhere": 1, "replicas": 7}),
    ],
)
def test_what_the_api_server_makes_of_it_is_the_same(desired, stored):
    assert is_subset(desired, stored)


@pytest.mark.parametrize(
    ("desired", "stored"),
    [
        ({"cpu": "0.5"}, {"cpu": "501m"}),
        ({"memory": "1G"}, {"memory": "1Gi"}),
        ({"a": True}, {}),
        ({"a": True}, {"a": "true"}),
        ({"a": 1}, {"a": True}),
        ({"args": ["x"]}, {"args": ["x", "y"]}),
        ({"args": ["x", "y"]}, {"args": ["y", "x"]}),
        ({"tolerations": [{"key": "a"}]}, {"tolerations": [{"key": "a"}, {"key": "b"}]}),
        ({"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "A", "value": "2"}]}),
        ({"env": [{"name": "A"}, {"name": "B"}]}, {"env": [{"name": "B"}]}),
        ({"a": {"b": 1}}, {"a": 1}),
        ({"a": [1]}, {"a": {"0": 1}}),
    ],
)
def test_what_is_really_different_is_seen(desired, stored):
    assert not is_subset(desired, stored)


def test_the_hash_does_not_depend_on_the_order_of_keys():
    assert desired_hash({"a": 1, "b": 2}) == desired_hash({"b": 2, "a": 1})


RULE = {"name": "http", "route": [{"destination": {"host": "a"}, "weight": 90}]}


@pytest.mark.parametrize(
    ("live", "is_same"),
    [
        ({"http": [RULE]}, True),
        ({"http": [RULE], "exportTo": ["*"]}, True),
        ({"http": [RULE | {"timeout": ""}]}, True),
        ({"http": [RULE | {"route": [{"destination": {"host": "a"}, "weight": 50}]}]}, False),
        ({"http": [RULE | {"fault": {"abort": {"httpStatus": 500}}}]}, False),
        ({"http": [RULE, RULE]}, False),
        ({"http": [RULE | {"route": [*RULE["route"], {"destination": {"host": "b"}}]}]}, False),
    ],
    ids=["same", "beside the list", "nothing", "weight", "fault", "rule", "destination"],
)
def test_what_stands_in_an_exact_list_and_is_not_desired_is_a_change(live, is_same):
    assert is_subset({"http": [RULE]}, live, exact=True) is is_same
