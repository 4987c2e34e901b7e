"""What a deployment's pods do beyond answering: who is let in, gRPC, tuning and purging."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo.shell import ROOT
from tests import tools
from tests.e2e.cluster import Namespace, condition, sentiment

pytestmark = pytest.mark.e2e

TEXTS = {"text": ["You are awesome"]}
CLIENT = ROOT / "tests/server/triton/client.py"
SERVERS = "app.kubernetes.io/component=server"


def keys(**clients: str) -> dict[str, Any]:
    """The Secret of API keys."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "clients"},
        "data": {name: base64.b64encode(key.encode()).decode() for name, key in clients.items()},
    }


def modelyard(namespace: Namespace, *arguments: str) -> str:
    """What the command line says, run against the cluster."""
    kubectl = namespace.kubectl
    context = ["--context", kubectl.context] if kubectl.context else []
    kubeconfig = {"KUBECONFIG": str(kubectl.kubeconfig)} if kubectl.kubeconfig else {}
    done = subprocess.run(
        [Path(sys.executable).with_name("modelyard"), *arguments, "-n", namespace.name, *context],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, **kubeconfig},
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    return told


async def test_only_known_clients_are_let_in(namespace: Namespace) -> None:
    auth = {"apiKeys": {"secretRef": {"name": "clients"}}}
    namespace.apply(sentiment(server={"auth": auth, "rateLimit": {"requestsPerSecond": 1, "burst": 5}}))
    missing = await namespace.says("Ready", "False", "SecretNotFound")
    assert "clients" in missing["message"]

    namespace.apply(keys(web="first-key-of-the-web-client-0123456789"))
    resource = await namespace.ready()
    url = f"{await namespace.url()}/predict"

    def asked(key: str | None) -> httpx.Response:
        return httpx.post(url, json=TEXTS, headers={"X-API-Key": key} if key else {}, timeout=30)

    assert asked(None).status_code == 401
    assert asked("a guess").status_code == 401
    known = [asked("first-key-of-the-web-client-0123456789") for _ in range(12)]
    assert known[0].status_code == 200, known[0].text
    # The burst is 5 and 12 requests take no second.
    refused = known[-1]
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1

    pods = [pod["metadata"]["uid"] for pod in namespace.list("pod", SERVERS)]
    namespace.apply(keys(batch="second-key-of-another-client-987654321"))
    await namespace.until(
        "the new key is let in",
        lambda: asked("second-key-of-another-client-987654321").status_code in {200, 429},
        within=150,
        every=1,
    )
    assert asked("first-key-of-the-web-client-0123456789").status_code == 401
    assert pods == [pod["metadata"]["uid"] for pod in namespace.list("pod", SERVERS)]
    assert namespace.mdep()["status"]["stableRevision"] == resource["status"]["stableRevision"]
    assert "first-key" not in namespace.run("get", "mdep,cm,events", "-o", "yaml")


async def test_grpc_through_the_service(namespace: Namespace) -> None:
    namespace.apply(sentiment(server={"grpcPort": 9000}))
    await namespace.ready()
    await namespace.url()
    service = namespace.get("service", "sentiment")
    [port] = [port["port"] for port in service["spec"]["ports"] if port["name"] == "grpc"]

    done = subprocess.run(
        [
            tools.triton_python(),
            str(CLIENT),
            "grpc",
            "grpc_text_async",
            f"{service['spec']['clusterIP']}:{port}",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


async def test_openvino_runs_in_its_own_image(namespace: Namespace) -> None:
    namespace.apply(sentiment(server={"engine": "openvino"}))
    await namespace.ready()
    answer = httpx.post(f"{await namespace.url()}/predict", json=TEXTS, timeout=30)
    assert answer.json()["predictions"][0][0]["label"] == "POSITIVE"
    [pod] = namespace.list("pod", SERVERS)
    assert "openvino" in pod["spec"]["containers"][0]["image"]
    log = namespace.run("logs", pod["metadata"]["name"], "-c", "server")
    [loaded] = [line for line in map(json.loads, log.splitlines()) if line.get("event") == "model loaded"]
    assert loaded["engine"] == "openvino"


async def test_purging_forgets_what_was_cached(namespace: Namespace) -> None:
    namespace.apply(sentiment(cache={"ttlSeconds": 600, "managed": {}}))
    await namespace.ready()
    await namespace.says("CacheReady", "True", condition(namespace.mdep(), "CacheReady")["reason"])
    url = f"{await namespace.url()}/predict"

    def cached() -> str:
        answer = httpx.post(url, json=TEXTS, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.headers["x-modelyard-cached"]

    await namespace.until("the answer is cached", lambda: cached() == "1")
    told = modelyard(namespace, "cache", "purge", "sentiment")
    assert "1" in told
    assert cached() == "0"
    assert cached() == "1"
    assert namespace.mdep()["status"]["cachePurge"]["endedAt"]


async def test_tuning_makes_no_new_revision(namespace: Namespace) -> None:
    namespace.apply(sentiment())
    before = await namespace.ready()
    told = modelyard(namespace, "tune", "sentiment", "--seconds", "0.1", "--limit", "60")
    assert "kept in ConfigMap sentiment-tuning" in told

    [pod] = namespace.list("pod", SERVERS)
    namespace.run("delete", "pod", pod["metadata"]["name"])
    after = await namespace.ready()
    assert after["status"]["stableRevision"] == before["status"]["stableRevision"]

    def started_from_the_table() -> bool:
        pods = namespace.list("pod", SERVERS)
        names = [one["metadata"]["name"] for one in pods if one["metadata"]["uid"] != pod["metadata"]["uid"]]
        return any("items/s in batches of" in namespace.run("logs", name, "-c", "server") for name in names)

    await namespace.until("a pod starts from the table", started_from_the_table)
