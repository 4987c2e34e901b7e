"""The extras on the machine's own cluster: real shares and mirrors through Envoy, counted by who answered."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from devcluster.endpoints import (
    GATEWAY_API,
    HTTPS_URL,
    ISTIO,
    PROMETHEUS_SERVICE_URL,
    PROMETHEUS_URL,
    Ingress,
    host,
)
from tests import tools
from tests.certificates import Authority
from tests.devcluster import web

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(2400)]

NAMESPACE = "devcluster-extras"
REQUESTS = 500


def devcluster(*arguments: str) -> str:
    command = [str(Path(sys.executable).with_name("devcluster")), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def kubectl(*arguments: str, text: str | None = None) -> str:
    command = [tools.kubectl(), "--kubeconfig", devcluster("kubeconfig").strip(), *arguments]
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def apply(*manifests: dict[str, Any]) -> None:
    kubectl("apply", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}))


def until(found: Callable[[], bool], what: str, limit: float = 30.0) -> None:
    deadline = time.monotonic() + limit
    while not found():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def answers(ingress: Ingress, name: str, count: int = REQUESTS) -> Counter[str]:
    """Who answered, by version; anything but an answer of the web server is counted by its status."""
    headers = {"Host": host(name, NAMESPACE)}
    with httpx.Client(base_url=ingress.url, headers=headers, trust_env=False) as client:

        def one(_: int) -> str:
            response = client.get("/")
            return response.text if response.is_success else str(response.status_code)

        with ThreadPoolExecutor(4) as pool:
            return Counter(pool.map(one, range(count)))


def served(ingress: Ingress, name: str) -> None:
    until(lambda: set(answers(ingress, name, 1)) <= {"v1", "v2"}, f"{name} has no route through {ingress}")


def counted(version: str) -> int:
    """Requests that a version has had, by its own count."""
    pods = kubectl("-n", NAMESPACE, "get", "pods", "-l", f"version={version}", "-o", "json")
    (pod,) = json.loads(pods)["items"]
    response = httpx.get(f"http://{pod['status']['podIP']}:8080/metrics", trust_env=False)
    return int(response.text.split()[-1])


def addresses(port: int) -> set[str]:
    """Addresses of this machine on which something listens (proc_pid_net(5))."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ends = [row[1].split(":") for row in rows if row[3] == "0A"]
    return {
        ".".join(str(byte) for byte in reversed(bytes.fromhex(address)))
        for address, number in ends
        if int(number, 16) == port
    }


def virtual_service(name: str, weights: dict[str, int], **more: Any) -> dict[str, Any]:
    routes = [
        {"destination": {"host": f"web-{version}", "port": {"number": 80}}, "weight": weight}
        for version, weight in weights.items()
    ]
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "hosts": [host(name, NAMESPACE)],
            "gateways": [ISTIO.reference],
            "http": [{"route": routes, **more}],
        },
    }


def http_route(name: str, rule: dict[str, Any], gateway: str = GATEWAY_API.gateway) -> dict[str, Any]:
    parent = {"name": gateway, "namespace": GATEWAY_API.namespace}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"parentRefs": [parent], "hostnames": [host(name, NAMESPACE)], "rules": [rule]},
    }


def query(promql: str) -> list[dict[str, Any]]:
    response = httpx.get(f"{PROMETHEUS_URL}/api/v1/query", params={"query": promql}, trust_env=False)
    found: list[dict[str, Any]] = response.json()["data"]["result"]
    return found


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    devcluster("up")
    before = {item["name"] for item in json.loads(devcluster("status", "--json"))["extras"]}
    devcluster("up", "--with", "istio,gateway", "--with", "prometheus")
    with web.archive() as path:
        devcluster("load-image", str(path))
    kubectl("apply", "-f", "-", text=web.manifests(NAMESPACE))
    for version in ("v1", "v2"):
        kubectl("-n", NAMESPACE, "rollout", "status", f"deployment/web-{version}", "--timeout=90s")
    yield
    kubectl("delete", "namespace", NAMESPACE, "--wait=false")
    added = [name for name in ("gateway", "istio", "prometheus") if name not in before]
    if added:
        devcluster("remove", *added)


def test_extras_are_listed_and_up_again_changes_no_process() -> None:
    before = json.loads(devcluster("status", "--json"))
    assert before["healthy"], before
    assert [item["name"] for item in before["extras"]] == ["istio", "gateway", "prometheus"]
    devcluster("up")
    devcluster("up", "--with", "istio,gateway,prometheus")
    assert json.loads(devcluster("status", "--json")) == before


def test_a_virtual_service_splits_by_weight() -> None:
    apply(virtual_service("split", {"v1": 90, "v2": 10}))
    served(ISTIO, "split")
    found = answers(ISTIO, "split")
    assert set(found) == {"v1", "v2"}
    assert abs(found["v2"] / REQUESTS - 0.10) <= 0.05, found


def test_a_virtual_service_mirrors_all_and_answers_from_one() -> None:
    target = {"host": "web-v2", "port": {"number": 80}}
    apply(virtual_service("mirror", {"v1": 100}, mirror=target, mirrorPercentage={"value": 100}))
    served(ISTIO, "mirror")
    before = counted("v2")
    assert answers(ISTIO, "mirror", 200) == {"v1": 200}
    # The copies of the requests that showed the route to be there may still be under way.
    until(lambda: counted("v2") >= before + 200, "mirrored requests are missing")
    assert counted("v2") <= before + 202


def test_an_http_route_splits_by_weight() -> None:
    refs = [{"name": "web-v1", "port": 80, "weight": 80}, {"name": "web-v2", "port": 80, "weight": 20}]
    apply(http_route("route", {"backendRefs": refs}))
    served(GATEWAY_API, "route")
    # Twice as many: so near the middle, 5 points are not four standard deviations of fewer.
    found = answers(GATEWAY_API, "route", 2 * REQUESTS)
    assert set(found) == {"v1", "v2"}
    assert abs(found["v2"] / (2 * REQUESTS) - 0.20) <= 0.05, found


def test_a_listener_with_tls_has_the_certificate_of_its_secret() -> None:
    name, authority = "secured", Authority()
    gateway = json.loads(
        kubectl("-n", GATEWAY_API.namespace, "get", f"gtw/{GATEWAY_API.gateway}", "-o", "json")
    )
    listener = {**gateway["spec"]["listeners"][0], "port": 443, "protocol": "HTTPS"}
    listener["tls"] = {"certificateRefs": [{"name": name}]}
    there = {"name": name, "namespace": GATEWAY_API.namespace}
    secret = authority.secret(name, host(name, NAMESPACE))
    own = {key: gateway[key] for key in ("apiVersion", "kind")}
    spec = {key: gateway["spec"][key] for key in ("gatewayClassName", "addresses")}
    made = [
        {**secret, "metadata": there},
        {**own, "metadata": there, "spec": {**spec, "listeners": [listener]}},
    ]
    apply(*made, http_route(name, {"backendRefs": [{"name": "web-v1", "port": 80}]}, gateway=name))

    def answers_securely() -> bool:
        with httpx.Client(verify=authority.trusted, trust_env=False) as client:
            asked = host(name, NAMESPACE)
            try:
                answer = client.get(HTTPS_URL, headers={"host": asked}, extensions={"sni_hostname": asked})
            except httpx.TransportError:
                return False
        return answer.text == "v1"

    try:
        until(answers_securely, "the listener does not serve its host")
    finally:
        for kind in ("gtw", "secret"):
            kubectl("-n", GATEWAY_API.namespace, "delete", kind, name)


def test_pods_reach_the_gateway_by_its_service() -> None:
    apply(virtual_service("inside", {"v1": 100}))
    served(ISTIO, "inside")
    service = json.loads(kubectl("-n", ISTIO.namespace, "get", "service", "ingressgateway", "-o", "json"))
    url = f"http://{service['spec']['clusterIP']}:{ISTIO.port}/"
    response = httpx.get(url, headers={"Host": host("inside", NAMESPACE)}, trust_env=False)
    assert response.text == "v1"


def test_istiod_refuses_a_bad_virtual_service() -> None:
    bad = virtual_service("bad", {"v1": 90, "v2": -10})
    command = [tools.kubectl(), "--kubeconfig", devcluster("kubeconfig").strip(), "apply", "-f", "-"]
    result = subprocess.run(command, input=json.dumps(bad), capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "rev.validation.istio.io" in result.stderr


@pytest.mark.parametrize(("version", "job"), [("v1", "pods"), ("v2", "modelyard")])
def test_prometheus_scrapes_pods_by_annotation_and_by_label(version: str, job: str) -> None:
    promql = f'{web.METRIC}{{namespace="{NAMESPACE}",version="{version}",job="{job}"}}'
    until(lambda: len(query(promql)) == 1, f"{promql} returns no data")
    (sample,) = query(promql)
    assert sample["metric"]["pod"].startswith(f"web-{version}-")
    until(lambda: int(query(promql)[0]["value"][1]) == counted(version), "the count is not scraped")


def test_prometheus_scrapes_the_mesh() -> None:
    cluster = f"outbound|80||web-v1.{NAMESPACE}.svc.cluster.local"
    apply(virtual_service("scraped", {"v1": 100}))
    served(ISTIO, "scraped")
    promql = f'envoy_cluster_upstream_rq{{cluster_name="{cluster}",response_code="200"}}'
    until(lambda: bool(query(promql)), f"{promql} returns no data")
    assert query('up{job="istiod"} == 1')


def test_prometheus_has_the_address_for_pods_that_is_documented() -> None:
    service = json.loads(kubectl("-n", "monitoring", "get", "service", "prometheus", "-o", "json"))
    assert PROMETHEUS_SERVICE_URL == "http://prometheus.monitoring.svc:9090"
    response = httpx.get(f"http://{service['spec']['clusterIP']}:9090/-/ready", trust_env=False)
    assert response.is_success


def test_the_kinds_of_istio_go_and_come_back_while_the_gateway_api_serves() -> None:
    apply(http_route("stays", {"backendRefs": [{"name": "web-v1", "port": 80}]}))
    served(GATEWAY_API, "stays")
    devcluster("crds", "remove", "istio")
    assert "virtualservices.networking.istio.io" not in kubectl("get", "crd", "-o", "name")
    until(lambda: not addresses(ISTIO.port), "Envoy still listens for Istio's Gateway")
    assert addresses(GATEWAY_API.port) == {"127.0.0.1", "10.89.0.1"}
    assert answers(GATEWAY_API, "stays", 50) == {"v1": 50}
    devcluster("crds", "restore", "istio")
    assert json.loads(devcluster("status", "--json"))["healthy"]
    apply(virtual_service("again", {"v2": 100}))
    served(ISTIO, "again")
    assert answers(ISTIO, "again", 50) == {"v2": 50}


def test_an_extra_goes_without_the_others_and_comes_back() -> None:
    devcluster("remove", "gateway")
    assert "gateway.networking.k8s.io" not in kubectl("api-versions")
    status = json.loads(devcluster("status", "--json"))
    assert status["healthy"]
    names = {item["name"] for item in status["extras"]}
    assert names >= {"istio", "prometheus"}
    assert "gateway" not in names
    devcluster("up", "--with", "gateway")
    apply(http_route("back", {"backendRefs": [{"name": "web-v2", "port": 80}]}))
    served(GATEWAY_API, "back")
