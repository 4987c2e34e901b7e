"""What holds for all children, whatever the spec."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from modelyard_operator import contract, labels
from modelyard_operator.api.deployment import ModelDeploymentSpec
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.resources import catalog
from modelyard_operator.resources.service_account import service_account
from tests.operator.api.strategies import SPECS
from tests.operator.resources.cases import CASES, DEFAULTS, MINIMAL, children, context
from tests.operator.resources.pods import containers, pod_templates

every_case = pytest.mark.parametrize("case", CASES)


@every_case
def test_every_child_is_ours_and_is_watched(case: str) -> None:
    ctx = context(case)
    kinds = {(kind.api_version, kind.kind) for kind in catalog.KINDS}
    for child in children(ctx).values():
        assert (child["apiVersion"], child["kind"]) in kinds
        assert child["metadata"]["namespace"] == "default"
        assert child["metadata"]["labels"][labels.DEPLOYMENT] == case
        assert child["metadata"]["labels"][labels.MANAGED_BY] == "modelyard"
        assert child["metadata"]["ownerReferences"] == [ctx.owner_reference]


@every_case
def test_no_deployment_says_its_size(case: str) -> None:
    for child in children(context(case)).values():
        if child["kind"] == "Deployment":
            assert "replicas" not in child["spec"]


def check_kept(value: Any, path: str) -> None:
    """Whether the API server keeps every part of `value`: it drops what is empty."""
    if path.endswith((".data", ".args", ".annotations", ".labels")):
        return
    assert value not in ("", [], None), path
    if isinstance(value, dict):
        for key, each in value.items():
            check_kept(each, f"{path}.{key}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            check_kept(each, f"{path}[{index}]")


@every_case
def test_nothing_that_the_api_server_would_not_keep_is_sent(case: str) -> None:
    for name, child in children(context(case)).items():
        check_kept(child, name)


@given(SPECS)
@settings(max_examples=100)
def test_every_spec_has_children_and_the_same_ones_again(spec: dict[str, Any]) -> None:
    ctx = context("x", spec)
    built = children(ctx)
    for name, child in built.items():
        check_kept(child, name)
    assert built == children(replace(ctx, spec=ModelDeploymentSpec.model_validate(ctx.spec.to_dict())))


@every_case
def test_two_contexts_share_no_mutable_value(case: str) -> None:
    first, second = children(context(case)), children(context(case))
    for child in first.values():
        child["metadata"].clear()
        if "template" in child.get("spec", {}):
            child["spec"]["template"]["spec"]["securityContext"].clear()
            child["spec"]["template"]["spec"]["containers"][0]["securityContext"].clear()
    assert second == children(context(case))


@every_case
def test_a_variable_is_named_once(case: str) -> None:
    for container in containers(case):
        names = [entry["name"] for entry in container["env"]]
        assert len(names) == len(set(names))


@every_case
def test_the_stores_secret_never_reaches_the_server(case: str) -> None:
    for container in containers(case):
        if container["name"] == contract.SERVER_CONTAINER:
            assert "envFrom" not in container


def test_resolve_and_fetch_get_the_stores_secret() -> None:
    ours = {container["name"]: container for container in containers("full")}
    for name in (contract.RESOLVE_CONTAINER, contract.FETCH_CONTAINER):
        assert ours[name]["envFrom"] == [{"secretRef": {"name": "hub-token"}}]


def test_secrets_hold_places_for_random_values() -> None:
    (keys,) = catalog.secrets(context("minimal"))
    assert keys["metadata"]["name"] == "minimal-keys"
    assert keys["stringData"] == {"cache-key": None, "cache-password": None, "admin-token": None}


def test_an_external_caches_url_is_copied() -> None:
    copies = catalog.copies(context("volume"))
    assert [(copy.source, copy.source_key, copy.key, copy.optional) for copy in copies] == [
        ("my-redis", "url", contract.CACHE_URL_FILE, False),
        ("my-redis", "ca.crt", contract.CACHE_CA_FILE, True),
    ]
    assert {copy.target["metadata"]["name"] for copy in copies} == {"volume-external-cache"}
    assert catalog.copies(context("image")) == ()


@pytest.mark.parametrize(
    ("case", "text"),
    [
        ("minimal", '{"cache":null}'),
        ("full", '{"cache":{"host":"full-cache","mode":"managed","port":6379,"ttlSeconds":60}}'),
        ("volume", '{"cache":{"host":null,"mode":"external","port":null,"ttlSeconds":180}}'),
    ],
)
def test_the_runtime_file_is_as_the_contract_has_it(case: str, text: str) -> None:
    (config,) = (child for child in catalog.shared(context(case)) if child["kind"] == "ConfigMap")
    assert config["data"] == {contract.RUNTIME_CONFIG_FILE: text}


def test_the_caches_memory_is_capped_with_room_for_the_process() -> None:
    def cache(size: str) -> Manifest:
        ctx = context("x", MINIMAL | {"cache": {"managed": {"maxMemory": size}}})
        (deployment,) = (child for child in catalog.shared(ctx) if child["kind"] == "Deployment")
        container: Manifest = deployment["spec"]["template"]["spec"]["containers"][0]
        return container

    container = cache("64Mi")
    assert container["args"][container["args"].index("--maxmemory") + 1] == str(64 * 2**20)
    assert container["resources"]["limits"]["memory"] == str(96 * 2**20 + 32 * 2**20)
    assert cache("100M")["resources"]["requests"]["memory"] == str(150 * 10**6 + 32 * 2**20)


@pytest.mark.parametrize(
    ("server", "image"),
    [
        ({}, "modelyard-server:1"),
        ({"engine": "onnxruntime"}, "modelyard-server:1"),
        ({"engine": "openvino"}, "modelyard-server:1-openvino"),
        ({"engine": "openvino", "image": "own:1"}, "own:1"),
    ],
)
def test_the_image_follows_the_engine(server: dict[str, Any], image: str) -> None:
    ctx = context("x", MINIMAL | {"server": server})
    pods = [*pod_templates(children(ctx))]
    images = {c["image"] for pod in pods for c in (*pod.get("initContainers", ()), *pod["containers"])}
    assert images == {image}
    assert not catalog.lacks_image(ctx)


def test_an_operator_without_the_engines_image_lacks_it_and_resolves_all_the_same() -> None:
    bare = replace(DEFAULTS, server_image_openvino=None)
    ctx = context("x", MINIMAL | {"server": {"engine": "openvino"}}, defaults=bare)
    assert catalog.lacks_image(ctx)
    job = catalog.resolve_job(ctx, "0" * 16)
    assert job["spec"]["template"]["spec"]["containers"][0]["image"] == "modelyard-server:1"
    own = MINIMAL | {"server": {"engine": "openvino", "image": "own:1"}}
    assert not catalog.lacks_image(context("x", own, defaults=bare))


def test_secrets_to_pull_with_reach_every_pod_by_its_account() -> None:
    pulling = replace(DEFAULTS, image_pull_secrets=("mirror",))
    ctx = context("x", MINIMAL | {"cache": {"managed": {}}}, defaults=pulling)
    account = service_account(ctx)
    assert account["imagePullSecrets"] == [{"name": "mirror"}]
    assert "imagePullSecrets" not in service_account(context("x", MINIMAL))
    accounts = {template["serviceAccountName"] for template in pod_templates(children(ctx))}
    assert accounts == {account["metadata"]["name"]}
