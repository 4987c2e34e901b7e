"""The Job that measures: the serving pod, less what makes it serve."""

import base64

import pytest

from modelyard_cli.cluster.job import SAMPLES_LIMIT, samples_map, tune_job
from modelyard_cli.errors import CliError

DEPLOYMENT = {
    "apiVersion": "modelyard.dev/v1alpha1",
    "kind": "ModelDeployment",
    "metadata": {"name": "sentiment", "uid": "u-1"},
}
TEMPLATE = {
    "metadata": {
        "labels": {
            "modelyard.dev/deployment": "sentiment",
            "modelyard.dev/revision": "r1",
            "team": "vision",
            "azure.workload.identity/use": "true",
        }
    },
    "spec": {
        "initContainers": [{"name": "fetch", "image": "server:1"}],
        "containers": [
            {
                "name": "server",
                "image": "server:1",
                "args": ["serve"],
                "env": [
                    {"name": "MODELYARD_MODEL_TASK", "value": "tensor"},
                    {"name": "MODELYARD_TUNE_SECONDS", "value": "9"},
                ],
                "ports": [{"containerPort": 8080}],
                "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
                "resources": {"limits": {"cpu": "1"}},
                "volumeMounts": [{"name": "model", "mountPath": "/model"}],
            },
            {"name": "sidecar", "image": "proxy:1"},
        ],
        "volumes": [{"name": "model", "emptyDir": {}}],
        "topologySpreadConstraints": [{"maxSkew": 1}],
        "nodeSelector": {"pool": "models"},
    },
}


def job(**options: str | None) -> dict:
    variables = {"MODELYARD_TUNE_SECONDS": "0.5"}
    return tune_job(DEPLOYMENT, TEMPLATE, "sentiment-tune-1", variables=variables, seconds=60, **options)


def test_it_measures_what_serves_where_it_serves() -> None:
    spec = job()["spec"]["template"]["spec"]
    [server] = spec["containers"]
    assert server["args"] == ["tune"]
    assert server["resources"] == {"limits": {"cpu": "1"}}
    assert server["volumeMounts"] == [{"name": "model", "mountPath": "/model"}]
    assert {one["name"]: one["value"] for one in server["env"]} == {
        "MODELYARD_MODEL_TASK": "tensor",
        "MODELYARD_TUNE_SECONDS": "0.5",
    }
    assert spec["initContainers"] == TEMPLATE["spec"]["initContainers"]
    assert spec["nodeSelector"] == {"pool": "models"}


def test_no_request_reaches_it_and_it_ends() -> None:
    made = job()
    labels = made["spec"]["template"]["metadata"]["labels"]
    assert not any(name.startswith("modelyard.dev/") for name in labels)
    assert "team" not in labels
    assert labels["azure.workload.identity/use"] == "true"
    [server] = made["spec"]["template"]["spec"]["containers"]
    assert not {"ports", "readinessProbe"} & server.keys()
    assert made["spec"]["template"]["spec"]["restartPolicy"] == "Never"
    assert (made["spec"]["backoffLimit"], made["spec"]["ttlSecondsAfterFinished"]) == (0, 600)
    assert made["metadata"]["ownerReferences"][0]["uid"] == "u-1"
    # The template is the caller's.
    assert len(TEMPLATE["spec"]["containers"]) == 2


def test_another_image_and_samples_are_taken_along() -> None:
    made = job(image="server:1-openvino", samples="texts.txt")
    spec = made["spec"]["template"]["spec"]
    [server] = spec["containers"]
    assert server["image"] == "server:1-openvino"
    assert {"name": "MODELYARD_TUNE_SAMPLES", "value": "/samples/texts.txt"} in server["env"]
    assert spec["volumes"][-1] == {"name": "samples", "configMap": {"name": "sentiment-tune-1"}}

    made["metadata"]["uid"] = "u-2"
    config = samples_map(made, "texts.txt", b"a good film\n")
    assert config["metadata"]["name"] == "sentiment-tune-1"
    assert config["metadata"]["ownerReferences"][0]["uid"] == "u-2"
    assert base64.b64decode(config["binaryData"]["texts.txt"]) == b"a good film\n"
    with pytest.raises(CliError, match="900,000 at most"):
        samples_map(made, "texts.txt", b"x" * (SAMPLES_LIMIT + 1))


def test_pods_without_a_server_are_refused() -> None:
    template = {"spec": {"containers": [{"name": "other"}]}}
    with pytest.raises(CliError, match="no container 'server'"):
        tune_job(DEPLOYMENT, template, "x", variables={}, seconds=1)
