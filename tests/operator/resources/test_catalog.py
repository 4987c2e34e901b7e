"""What holds for all children, whatever the spec."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from modelyard_operator import contract, labels
from modelyard_operator.api.deployment import ModelDeploymentSpec
from modelyard_operator.kube.objects import Manifest, RevisionData
from modelyard_operator.resources import catalog
from modelyard_operator.resources.context import Context
from tests.operator.api.strategies import SPECS
from tests.operator.resources.cases import CASES, DEFAULTS, EDGE, MINIMAL, children, context, source

every_case = pytest.mark.parametrize("case", CASES)


def pod_specs(case: str) -> Iterator[Manifest]:
    yield from pod_templates(children(context(case)))


def pod_templates(built: dict[str, Manifest]) -> Iterator[Manifest]:
    for child in built.values():
        if child["kind"] in ("Deployment", "Job"):
            yield child["spec"]["template"]["spec"]


def containers(case: str) -> Iterator[Manifest]:
    for spec in pod_specs(case):
        yield from (*spec.get("initContainers", ()), *spec["containers"])


def env(container: Manifest) -> dict[str, Any]:
    return {entry["name"]: entry.get("value", entry.get("valueFrom", "")) for entry in container["env"]}


def server_pod(spec: dict[str, Any], **kwargs: Any) -> Manifest:
    ctx = context("x", spec)
    pod: Manifest = catalog.birth(ctx, replace(source(ctx), **kwargs)).deployment["spec"]["template"]["spec"]
    return pod


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
    if path.endswith((".data", ".args", ".annotations")):
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


def test_the_users_environment_comes_last_and_may_replace_what_is_not_reserved() -> None:
    server = server_pod(CASES["full"])["containers"][0]
    assert server["env"][-2:] == [{"name": "HOME", "value": "/model"}, {"name": "EMPTY"}]
    assert env(server_pod(MINIMAL)["containers"][0])["HOME"] == "/tmp"


@pytest.mark.parametrize(
    ("uri", "claim"),
    [
        ("s3://bucket/x", None),
        ("hf://o/r", None),
        ("file:///opt/model", None),
        ("pvc://claim", "claim"),
        ("pvc://claim/a/b/", "claim"),
        ("pvc://claim@sha256:" + "0" * 64, "claim"),
    ],
)
def test_a_claim_is_mounted_read_only_wherever_the_model_is_read(uri: str, claim: str | None) -> None:
    pod = server_pod({"model": {"uri": uri}})
    for container in (*pod["initContainers"], *pod["containers"]):
        mounts = [mount for mount in container["volumeMounts"] if mount["mountPath"] == contract.PVC_MOUNT]
        assert mounts == ([{"name": "source", "mountPath": "/source", "readOnly": True}] if claim else [])
    claims = [volume for volume in pod["volumes"] if "persistentVolumeClaim" in volume]
    assert [volume["persistentVolumeClaim"] for volume in claims] == (
        [{"claimName": claim, "readOnly": True}] if claim else []
    )


def test_a_users_digest_and_task_go_before_what_resolve_found() -> None:
    spec = {"model": {"uri": "s3://b/x", "digest": "sha256:" + "1" * 64, "task": "tensor"}}
    fetch = env(
        server_pod(spec, digest="sha256:" + "2" * 64, task="text-classification")["initContainers"][0]
    )
    assert fetch[contract.ENV_MODEL_DIGEST] == "sha256:" + "1" * 64
    assert fetch[contract.ENV_MODEL_TASK] == "tensor"
    nothing = env(server_pod({"model": {"uri": "s3://b/x"}}, digest=None, task=None)["initContainers"][0])
    assert contract.ENV_MODEL_DIGEST not in nothing
    assert contract.ENV_MODEL_TASK not in nothing


def test_the_model_volume_is_bounded_by_the_models_size() -> None:
    def size(size: int | None) -> str:
        volumes = server_pod(MINIMAL, bytes=size)["volumes"]
        return str(next(volume["emptyDir"]["sizeLimit"] for volume in volumes if volume["name"] == "model"))

    assert size(10**9) == str(2 * 10**9 + 256 * 2**20)
    assert size(None) == "20Gi"


def test_a_loading_model_is_not_killed_by_the_liveness_probe() -> None:
    server = server_pod(MINIMAL)["containers"][0]
    assert server["startupProbe"]["httpGet"]["path"] == contract.PATH_READY
    assert server["startupProbe"]["periodSeconds"] * server["startupProbe"]["failureThreshold"] == 3600
    assert server["livenessProbe"]["httpGet"]["path"] == contract.PATH_HEALTH


def test_a_pod_may_drain_before_it_is_killed() -> None:
    assert server_pod(CASES["full"])["terminationGracePeriodSeconds"] == 40 + 30


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


def test_the_stable_service_may_select_nothing() -> None:
    ctx = context("minimal")
    nothing, something = catalog.stable_service(ctx, None), catalog.stable_service(ctx, "rabc")
    assert nothing["spec"]["selector"][labels.REVISION] == "none"
    assert something["spec"]["selector"] == {
        labels.DEPLOYMENT: "minimal",
        labels.REVISION: "rabc",
        labels.COMPONENT: "server",
    }
    assert nothing["metadata"] == something["metadata"]


def server_env(**server: Any) -> dict[str, Any]:
    inputs = server.pop("inputs", {})
    return env(server_pod(MINIMAL | {"server": server, "inputs": inputs})["containers"][0])


def test_what_is_not_set_is_left_to_the_server() -> None:
    new = {
        contract.ENV_ENGINE,
        contract.ENV_BATCH_MAX_SIZE,
        contract.ENV_BATCH_MAX_DELAY,
        contract.ENV_QUEUE_MAX_DEPTH,
        contract.ENV_GRPC_PORT,
        contract.ENV_MAX_ITEMS,
        contract.ENV_MAX_BYTES,
        contract.ENV_MAX_PIXELS,
        contract.ENV_IMAGE_URLS,
        contract.ENV_EDGE,
        contract.ENV_API_KEYS_DIR,
    }
    assert not new & set(server_env())
    assert new <= set(env(server_pod(EDGE)["containers"][0]))


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"batching": {"maxDelayMs": 0}}, contract.ENV_BATCH_MAX_DELAY, "0"),
        ({"inputs": {"maxBytes": "16Mi"}}, contract.ENV_MAX_BYTES, str(16 * 2**20)),
        ({"inputs": {"maxBytes": 5000}}, contract.ENV_MAX_BYTES, "5000"),
        (
            {"inputs": {"imageUrls": {"allow": ["a.example", "*.b.example:8443"]}}},
            contract.ENV_IMAGE_URLS,
            "a.example,*.b.example:8443",
        ),
        (
            {"rateLimit": {"requestsPerSecond": 0.1}},
            contract.ENV_EDGE,
            '{"rateLimit":{"burst":1,"requestsPerSecond":0.1}}',
        ),
        (
            {"rateLimit": {"requestsPerSecond": 20, "burst": 50}},
            contract.ENV_EDGE,
            '{"rateLimit":{"burst":50,"requestsPerSecond":20.0}}',
        ),
        (
            {"log": {"sink": "http", "url": "https://logs.example/in"}},
            contract.ENV_EDGE,
            '{"log":{"redact":[],"sampling":1.0,"sink":"http","url":"https://logs.example/in"}}',
        ),
        (
            {"auth": {"apiKeys": {"secretRef": {"name": "clients"}}}},
            contract.ENV_EDGE,
            '{"auth":{"apiKeys":{"header":"X-API-Key"}}}',
        ),
    ],
)
def test_what_is_set_reaches_the_server(given: dict[str, Any], name: str, value: str) -> None:
    assert server_env(**given)[name] == value


def test_the_keys_of_clients_are_mounted_read_only_and_must_be_there() -> None:
    pod = server_pod(EDGE)
    (volume,) = (volume for volume in pod["volumes"] if volume["name"] == "api-keys")
    assert volume["secret"] == {"secretName": "clients", "defaultMode": 0o440}
    (server,) = pod["containers"]
    mount = {"name": "api-keys", "mountPath": contract.API_KEYS_DIR, "readOnly": True}
    assert mount in server["volumeMounts"]
    assert mount not in pod["initContainers"][0]["volumeMounts"]


def test_only_the_file_sink_needs_a_place_to_write() -> None:
    def names(log: dict[str, Any]) -> set[str]:
        return {volume["name"] for volume in server_pod(MINIMAL | {"server": {"log": log}})["volumes"]}

    assert "log" not in names({"sink": "stdout"})
    assert "log" in names({"sink": "file", "path": "/var/log/modelyard/x"})
    (server,) = server_pod(EDGE)["containers"]
    assert {"name": "log", "mountPath": "/var/log/modelyard"} in server["volumeMounts"]


def test_tuning_comes_with_the_runtime_volume_when_there_is_any() -> None:
    (volume,) = (volume for volume in server_pod(MINIMAL)["volumes"] if volume["name"] == "runtime")
    assert volume["projected"]["sources"][-1] == {
        "configMap": {
            "name": "x-tuning",
            "items": [{"key": "tuning.json", "path": "tuning.json"}],
            "optional": True,
        }
    }


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


def test_grpc_has_its_own_port_on_pods_services_and_policies() -> None:
    ctx = context("edge")
    revision = catalog.birth(ctx, source(ctx))
    grpc = {
        "name": "grpc",
        "port": 9000,
        "targetPort": "grpc",
        "protocol": "TCP",
        "appProtocol": "kubernetes.io/h2c",
    }
    assert revision.service["spec"]["ports"][1:] == [grpc]
    (server,) = revision.deployment["spec"]["template"]["spec"]["containers"]
    assert server["ports"][1:] == [{"name": "grpc", "containerPort": 9000, "protocol": "TCP"}]
    assert server["readinessProbe"]["httpGet"]["port"] == "http"

    def allowed(ctx: Context, others: frozenset[int]) -> list[list[int]]:
        (policy,) = (
            child
            for child in catalog.shared(ctx, others)
            if child["metadata"]["name"] == f"{ctx.name}-server" and child["kind"] == "NetworkPolicy"
        )
        return [[port["port"] for port in rule["ports"]] for rule in policy["spec"]["ingress"]]

    assert allowed(ctx, frozenset()) == [[8080, 9000], [8080]]
    assert allowed(ctx, frozenset({9001, 9000})) == [[8080, 9000, 9001], [8080]]
    assert allowed(context("minimal"), frozenset()) == [[8080]]
    assert allowed(context("minimal"), frozenset({9001})) == [[8080, 9001]]


def test_the_stable_service_has_the_ports_of_the_revision_that_it_selects() -> None:
    ctx = context("edge")
    former = tuple(catalog.birth(context("minimal"), source(ctx)).service["spec"]["ports"])
    assert [p["name"] for p in catalog.stable_service(ctx, "rabc", former)["spec"]["ports"]] == ["http"]
    assert [p["name"] for p in catalog.stable_service(ctx, "rabc")["spec"]["ports"]] == ["http", "grpc"]


@every_case
def test_a_revision_is_read_as_it_was_written(case: str) -> None:
    ctx = context(case)
    revision = catalog.birth(ctx, source(ctx))
    stored = catalog.controller_revision(ctx, revision)
    assert catalog.read_revision(RevisionData.of(stored["data"])) == revision


def test_a_revision_of_an_older_operator_is_read() -> None:
    ctx = context("minimal")
    stored = catalog.controller_revision(ctx, catalog.birth(ctx, source(ctx)))["data"]
    older = {key: value for key, value in stored.items() if key not in ("spec", "digest", "task")}
    newer = stored | {"unheardOf": 1}
    assert catalog.read_revision(RevisionData.of(older)).deployment == stored["deployment"]
    assert catalog.read_revision(RevisionData.of(newer)).name == stored["name"]


def test_a_strangers_controller_revision_is_refused() -> None:
    with pytest.raises(ValueError, match="not a revision"):
        catalog.read_revision(RevisionData.of({"spec": {}}))


def test_peers_limit_who_may_call_and_the_operator_always_may() -> None:
    policies = {
        child["metadata"]["name"]: child["spec"]
        for child in catalog.shared(context("full"))
        if child["kind"] == "NetworkPolicy"
    }
    theirs, operators = policies["full-server"]["ingress"]
    assert theirs["from"] == CASES["full"]["networkPolicy"]["from"]
    selector = {"matchLabels": {"kubernetes.io/metadata.name": "modelyard-system"}}
    assert operators["from"] == [{"namespaceSelector": selector}]
    assert "ingress" not in policies["full-resolve"]
    assert list(policies["full-cache"]["ingress"][0]["from"][0]) == ["podSelector"]
    assert not [child for child in catalog.shared(context("volume")) if child["kind"] == "NetworkPolicy"]
