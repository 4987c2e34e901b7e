import dataclasses
import json

import pytest
import yaml

from devcluster.components import NAMES, components, stamp
from devcluster.components.base import Component
from devcluster.components.kubelet import node_problem
from devcluster.components.metrics_server import apiservice_problem
from devcluster.config import Settings
from devcluster.credentials import Credentials
from devcluster.host import Host

KEYS = Credentials("name", "secret")


@pytest.fixture
def by_name(settings: Settings, host: Host) -> dict[str, Component]:
    return {item.name: item for item in components(settings, host, KEYS, {})}


def text(component: Component, ending: str) -> str:
    return next(content for path, content in component.files.items() if path.name.endswith(ending))


def test_the_names_are_in_the_order_of_starting(settings: Settings, host: Host) -> None:
    items = components(settings, host, KEYS, {})
    assert tuple(item.name for item in items) == NAMES
    phases = [item.phase for item in items]
    assert phases == sorted(phases)


def test_nothing_listens_on_the_machine_s_outer_addresses(by_name: dict[str, Component]) -> None:
    for component in by_name.values():
        words = " ".join([*component.argv, *component.files.values()])
        assert "0.0.0.0:" not in words
        assert "=0.0.0.0" not in words


def test_the_api_server_is_reached_with_certificates_alone(by_name: dict[str, Component]) -> None:
    argv = by_name["kube-apiserver"].argv
    assert "--bind-address=10.89.0.1" in argv
    assert "--authorization-mode=Node,RBAC" in argv
    assert any(word.startswith("--etcd-servers=https://") for word in argv)
    assert "--client-cert-auth=true" in by_name["etcd"].argv


def test_the_autoscaler_answers_in_seconds(by_name: dict[str, Component]) -> None:
    argv = by_name["kube-controller-manager"].argv
    assert "--horizontal-pod-autoscaler-sync-period=5s" in argv
    assert "--horizontal-pod-autoscaler-downscale-stabilization=20s" in argv


@pytest.mark.parametrize(
    ("version", "systemd", "driver", "root"),
    [
        (1, False, "cgroupfs", "/modelyard-devcluster"),
        (1, True, "cgroupfs", "/modelyard-devcluster"),
        (2, False, "cgroupfs", "/modelyard-devcluster"),
        (2, True, "systemd", None),
    ],
)
def test_the_cgroup_driver_follows_the_machine(
    settings: Settings, host: Host, version: int, systemd: bool, driver: str, root: str | None
) -> None:
    host = dataclasses.replace(host, cgroup_version=version, systemd=systemd)
    by_name = {item.name: item for item in components(settings, host, KEYS, {})}
    config = yaml.safe_load(text(by_name["kubelet"], "kubelet.yaml"))
    assert config["cgroupDriver"] == driver
    assert config.get("cgroupRoot") == root
    assert f"SystemdCgroup = {str(driver == 'systemd').lower()}" in text(by_name["containerd"], ".toml")


def test_all_that_the_node_writes_lies_in_the_state_folder(
    settings: Settings, by_name: dict[str, Component]
) -> None:
    config = yaml.safe_load(text(by_name["kubelet"], "kubelet.yaml"))
    for key in ("podLogsDir", "volumePluginDir"):
        assert config[key].startswith(str(settings.state_dir))
    network = json.loads(text(by_name["containerd"], ".conflist"))
    assert network["plugins"][0]["ipam"]["dataDir"].startswith(str(settings.state_dir))
    assert f'root = "{settings.state_dir}' in text(by_name["containerd"], ".toml")


def test_coredns_forwards_only_if_there_is_somebody_to_ask(settings: Settings, host: Host) -> None:
    def corefile(upstream: bool) -> str:
        items = components(settings, dataclasses.replace(host, upstream_dns=upstream), KEYS, {})
        return next(text(item, "Corefile") for item in items if item.name == "coredns")

    assert "forward . /etc/resolv.conf" in corefile(True)
    assert "forward ." not in corefile(False)


def specs(settings: Settings, host: Host, keys: Credentials, environ: dict[str, str], build: str) -> str:
    return stamp({item.name: item.spec(build) for item in components(settings, host, keys, environ)})


def test_the_stamp_is_the_configuration_and_nothing_else(settings: Settings, host: Host) -> None:
    usual = specs(settings, host, KEYS, {}, "build")
    assert usual == specs(settings, host, Credentials("other", "keys"), {"HTTP_PROXY": "http://p"}, "build")
    elsewhere = dataclasses.replace(settings, cache_dir=settings.cache_dir / "other")
    assert usual == specs(elsewhere, host, KEYS, {}, "build")
    assert usual != specs(settings, host, KEYS, {}, "another build")
    assert usual != specs(dataclasses.replace(settings, pod_cidr="10.9.0.0/24"), host, KEYS, {}, "build")


def test_credentials_stay_off_the_command_line(by_name: dict[str, Component]) -> None:
    store = by_name["artifact-store"]
    assert "secret" not in " ".join(store.argv)
    assert store.environment()["ROOT_SECRET_KEY"] == "secret"


def test_a_node_takes_pods_when_it_says_so() -> None:
    def node(status: str) -> dict[str, object]:
        return {"status": {"conditions": [{"type": "Ready", "status": status, "message": "no network"}]}}

    assert node_problem(node("True")) is None
    assert "no network" in str(node_problem(node("False")))
    assert node_problem(None) and node_problem({})


def test_the_metrics_api_is_awaited() -> None:
    def service(status: str) -> dict[str, object]:
        return {"status": {"conditions": [{"type": "Available", "status": status, "message": "no route"}]}}

    assert apiservice_problem("v1.a", service("True")) is None
    assert "v1.a: no route" in str(apiservice_problem("v1.a", service("False")))
    assert apiservice_problem("v1.a", None) and apiservice_problem("v1.a", {})
