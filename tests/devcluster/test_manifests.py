from devcluster import pki
from devcluster.api import failures, object_path
from devcluster.config import Settings
from devcluster.manifests import base
from tests.devcluster.test_pki import NOW


def test_every_service_sends_to_the_node_s_address_at_the_ports_it_names(settings: Settings) -> None:
    pki.create(settings, NOW)
    objects = base(settings)
    services = {item["metadata"]["name"]: item for item in objects if item["kind"] == "Service"}
    assert set(services) == {"kube-dns", "metrics-server", "artifacts"}
    assert services["kube-dns"]["spec"]["clusterIP"] == "10.96.0.10"
    slices = [item for item in objects if item["kind"] == "EndpointSlice"]
    assert len(slices) == len(services)
    for item in slices:
        service = services[item["metadata"]["labels"]["kubernetes.io/service-name"]]
        assert item["endpoints"][0]["addresses"] == [settings.node_ip]
        targets = [(port["name"], port["targetPort"]) for port in service["spec"]["ports"]]
        assert targets == [(port["name"], port["port"]) for port in item["ports"]]


def test_every_object_has_a_path(settings: Settings) -> None:
    pki.create(settings, NOW)
    paths = [object_path(item) for item in base(settings)]
    assert len(set(paths)) == len(paths)
    assert "/api/v1/namespaces/kube-system/services/kube-dns" in paths
    assert "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io" in paths


def test_only_the_failing_lines_of_a_health_page_are_told() -> None:
    assert failures("[+]ping ok\n[-]etcd failed: reason withheld\n") == "[-]etcd failed: reason withheld"
    assert failures("plain refusal") == "plain refusal"
