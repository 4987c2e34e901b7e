"""A deployment whose pods, and a client's, have Istio's sidecars."""

import asyncio
import json
import socket
from collections import Counter

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from demo.shell import stream
from demo.targets.base import Target
from demo.targets.embedded import DEVCLUSTER
from tests.e2e.cluster import Namespace, Resource
from tests.e2e.gateways import at_weight, behind, command, open_for
from tests.e2e.load import load
from tests.e2e.test_rollout import generation, promoted

pytestmark = pytest.mark.e2e

SHARE = 20
"""Per cent of the requests that the candidate has."""
PYTHON = "/app/bin/python3"
"""In the server's image, which the client has too."""
ASK = """
import collections, json, sys, urllib.request
seen, failures = collections.Counter(), []
for n in range(int(sys.argv[1])):
    body = json.dumps({"text": [f"number {n}"]}).encode()
    request = urllib.request.Request("http://sentiment/predict", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            seen[answer.headers["x-modelyard-revision"]] += 1
    except OSError as error:
        failures.append(repr(error))
print(json.dumps({"seen": seen, "failures": failures}))
"""
"""What a client asks, each time on a new connection."""


@pytest.fixture
def injected(mesh: Target, namespace: Namespace) -> Namespace:
    """The namespace, in whose pods istiod puts sidecars."""
    stream([DEVCLUSTER, "up", "--with", "sidecars"])
    mesh.kubectl("label", "namespace", namespace.name, "istio-injection=enabled")
    return namespace


def client(image: str) -> Resource:
    """A pod that can ask."""
    context = {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    idle = {
        "name": "client",
        "image": image,
        "command": [PYTHON, "-c", "import time; time.sleep(3600)"],
        "securityContext": context,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "client"},
        "spec": {"containers": [idle], "terminationGracePeriodSeconds": 0},
    }


async def asked(namespace: Namespace, count: int) -> dict[str, int]:
    """How many of `count` requests from inside the mesh each revision answered; none may fail."""
    words = ("exec", "client", "-n", namespace.name, "-c", "client", "--", PYTHON, "-c", ASK, str(count))
    told = json.loads(await asyncio.to_thread(namespace.kubectl, *words))
    assert told["failures"] == []
    seen: dict[str, int] = told["seen"]
    return seen


def samples(pod: Resource, port: int, path: str) -> list[tuple[str, dict[str, str], float]]:
    """What a port of a pod tells: names, labels and values."""
    text = httpx.get(f"http://{pod['status']['podIP']}:{port}{path}", timeout=10).text
    families = text_string_to_metric_families(text)
    return [(each.name, each.labels, each.value) for family in families for each in family.samples]


async def test_traffic_is_split_and_counted_by_the_proxies_beside_the_pods(
    mesh: Target, injected: Namespace
) -> None:
    way = mesh.ingress("sentiment", injected.name)
    steps = ({"weight": SHARE, "for": "30m"},)
    injected.apply(behind(way, 1, *steps, mode="istio"))
    first = await promoted(injected)
    headers = await open_for(injected, way)
    pod, *_ = injected.ready_pods(f"modelyard.dev/revision={first}")
    proxy = next(each for each in pod["spec"]["initContainers"] if each["name"] == "istio-proxy")
    assert proxy["restartPolicy"] == "Always", "before the model is fetched, and for as long as it serves"
    server = next(each for each in pod["spec"]["containers"] if each["name"] == "server")
    injected.apply(client(server["image"]))
    injected.run("wait", "pod/client", "--for=condition=Ready", "--timeout=60s")

    async with load(way.url, headers=headers, keep_alive=2, fresh=1) as seen:
        await injected.until("the load is under way", lambda: seen.ok > 20)
        await asyncio.to_thread(injected.apply, behind(way, 2, *steps, mode="istio"))
        second = await at_weight(injected, SHARE)
        # Four standard deviations of 600 draws.
        assert (await asked(injected, 600))[second] == pytest.approx(6 * SHARE, abs=39)
        inside = asyncio.create_task(asked(injected, 1500))
        await command(injected, "skip", second)
        assert await promoted(injected, other_than=first) == second
        assert set(await inside) <= {first, second}
        assert set(await asked(injected, 50)) == {second}
    assert seen.failures == []
    assert set(seen.revisions) == {first, second}

    pods = injected.ready_pods(f"modelyard.dev/revision={second}")
    of_proxies = [each for pod in pods for each in samples(pod, 15090, "/stats/prometheus")]
    of_servers = [each for pod in pods for each in samples(pod, 8080, "/metrics")]
    assert not {name for name, *_ in of_proxies} & {name for name, *_ in of_servers}, "told apart"
    counted = sum(
        value
        for name, labels, value in of_proxies
        if name == "istio_requests_total"
        and labels["reporter"] == "destination"
        and labels["destination_workload"] == f"sentiment-{second}"
        and labels["response_code"] == "200"
    )
    assert counted >= seen.revisions[second] + 50


SERVERS = {"matchLabels": {"app.kubernetes.io/component": "server"}}
ANALYSED = {
    "deadline": "3m",
    "steps": [{"weight": 50, "for": "8s"}],
    "analysis": {"interval": "4s", "minRequests": 20, "compare": {"latency": False, "maxMoreErrors": 0.2}},
}


def strict(namespace: str) -> list[Resource]:
    """Nothing in the clear, but for the port where the operator, which has no sidecar, asks servers."""
    security, networking = "security.istio.io/v1", "networking.istio.io/v1"
    rules = {
        "all": {"mtls": {"mode": "STRICT"}},
        "servers": {"selector": SERVERS, "portLevelMtls": {"8080": {"mode": "PERMISSIVE"}}},
    }
    # What Istio does by itself unless it is told not to, as it is on the embedded cluster.
    mutual = {
        "host": f"*.{namespace}.svc.cluster.local",
        "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}},
        "exportTo": ["."],
    }
    return [
        *(
            {"apiVersion": security, "kind": "PeerAuthentication", "metadata": {"name": name}, "spec": spec}
            for name, spec in rules.items()
        ),
        {"apiVersion": networking, "kind": "DestinationRule", "metadata": {"name": "mutual"}, "spec": mutual},
    ]


@pytest.mark.soak
async def test_with_strict_mutual_tls_the_operator_and_the_cache_are_reached(injected: Namespace) -> None:
    injected.apply(*strict(injected.name))
    spec = {"routing": {"mode": "replicas"}, "rollout": ANALYSED, "cache": {"managed": {}}}
    injected.apply(generation(1, **spec))
    first = await promoted(injected)
    async with load(await injected.url(), keep_alive=2, fresh=1) as seen:
        await asyncio.to_thread(injected.apply, generation(2, **spec))
        second = await promoted(injected, other_than=first)
    assert seen.failures == []
    (cache,) = injected.ready_pods("app.kubernetes.io/component=cache")
    with (
        pytest.raises(OSError, match=r"reset|closed"),
        socket.create_connection((cache["status"]["podIP"], 6379), timeout=10) as plain,
    ):
        plain.sendall(b"PING\r\n")
        if not plain.recv(100):
            raise ConnectionError("closed")
    told: Counter[str] = Counter()
    for pod in injected.ready_pods(f"modelyard.dev/revision={second}"):
        for name, labels, value in samples(pod, 8080, "/metrics"):
            told[f"{name} {labels.get('direction', '')}".strip()] += int(value)
    # Counted once Redis has answered.
    assert told["modelyard_cache_redis_bytes_total sent"] > 0
    assert told["modelyard_cache_breaker_open"] == 0
