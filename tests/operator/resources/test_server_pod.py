"""The pod of a revision: what it mounts, is told, and is given time for."""

from typing import Any

import pytest

from modelyard_operator import contract
from tests.operator.resources.cases import CASES, EDGE, MINIMAL
from tests.operator.resources.pods import env, server_pod


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
