import re

import yaml

from devcluster.components.envoy import envoy
from devcluster.components.prometheus import configuration, prometheus, targets_file
from devcluster.config import Settings

POD = {
    "__meta_kubernetes_namespace": "team",
    "__meta_kubernetes_pod_name": "web-1",
    "__meta_kubernetes_pod_ip": "10.244.0.7",
    "__meta_kubernetes_pod_phase": "Running",
    "__meta_kubernetes_pod_container_port_name": "http",
    "__address__": "10.244.0.7:8080",
}
MODEL = {
    "__meta_kubernetes_pod_label_modelyard_dev_deployment": "sentiment",
    "__meta_kubernetes_pod_label_app_kubernetes_io_component": "server",
}
ANNOTATED = {"__meta_kubernetes_pod_annotation_prometheus_io_scrape": "true"}


def target(settings: Settings, job: str, labels: dict[str, str]) -> dict[str, str] | None:
    """What becomes of a target, by Prometheus's rules of relabelling; None if it is left out."""
    labels = dict(labels)
    jobs = {item["job_name"]: item for item in configuration(settings)["scrape_configs"]}
    for rule in jobs[job]["relabel_configs"]:
        value = ";".join(labels.get(name, "") for name in rule["source_labels"])
        match = re.fullmatch(rule["regex"], value)
        action = rule.get("action", "replace")
        if (action == "keep" and not match) or (action == "drop" and match):
            return None
        if action == "replace" and match:
            labels[rule["target_label"]] = match.expand(re.sub(r"\$\{(\d)\}", r"\\\1", rule["replacement"]))
    return labels


def test_a_model_server_is_scraped_once_and_says_which_pod_it_is(settings: Settings) -> None:
    found = target(settings, "modelyard", POD | MODEL)
    assert found
    assert (found["namespace"], found["pod"]) == ("team", "web-1")
    assert target(settings, "pods", POD | MODEL | ANNOTATED) is None


def test_a_model_server_s_other_ports_are_left_alone(settings: Settings) -> None:
    grpc = {"__meta_kubernetes_pod_container_port_name": "grpc"}
    assert target(settings, "modelyard", POD | MODEL | grpc) is None


def test_other_pods_are_scraped_when_they_ask_for_it(settings: Settings) -> None:
    assert target(settings, "pods", POD) is None
    assert target(settings, "modelyard", POD) is None
    found = target(settings, "pods", POD | ANNOTATED)
    assert found
    assert found["__address__"] == "10.244.0.7:8080"
    prefix = "__meta_kubernetes_pod_annotation_prometheus_io_"
    asked = {f"{prefix}port": "9999", f"{prefix}path": "/stats", f"{prefix}scheme": "https"}
    found = target(settings, "pods", POD | ANNOTATED | asked)
    assert found
    assert found["__address__"] == "10.244.0.7:9999"
    assert (found["__metrics_path__"], found["__scheme__"]) == ("/stats", "https")


def test_pods_that_do_not_run_are_left_out(settings: Settings) -> None:
    for change in ({"__meta_kubernetes_pod_phase": "Succeeded"}, {"__meta_kubernetes_pod_ip": ""}):
        assert target(settings, "pods", POD | ANNOTATED | change) is None
        assert target(settings, "modelyard", POD | MODEL | change) is None


def test_the_mesh_s_targets_come_and_go_with_its_file(settings: Settings) -> None:
    *_, node = configuration(settings)["scrape_configs"]
    (pattern,) = node["file_sd_configs"][0]["files"]
    file = targets_file(settings, "istio")
    assert file.match(pattern)
    targets = yaml.safe_load(envoy(settings).files[file])
    assert [item["labels"]["job"] for item in targets] == ["envoy", "istiod"]


def test_the_samples_lie_in_the_state_folder(settings: Settings) -> None:
    (word,) = (word for word in prometheus(settings).argv if word.startswith("--storage.tsdb.path="))
    assert word.endswith(f"{settings.state_dir}/prometheus")


def test_the_operator_is_scraped_on_its_port_for_metrics(settings: Settings) -> None:
    operator = POD | {"__meta_kubernetes_pod_label_app_kubernetes_io_name": "modelyard-operator"}
    port = "__meta_kubernetes_pod_container_port_name"
    assert target(settings, "modelyard-operator", operator | {port: "metrics"})
    assert target(settings, "modelyard-operator", operator | {port: "health"}) is None
    assert target(settings, "modelyard-operator", POD | {port: "metrics"}) is None
