"""Prometheus as a process on the node, which finds the cluster's pods by itself."""

from pathlib import Path
from typing import Any

import yaml

from devcluster.components.base import Component, client_config, http_check, pki, program
from devcluster.config import Settings
from devcluster.endpoints import PROMETHEUS_PORT

SCRAPE_INTERVAL = "2s"
"""Short, so that a rollout's windows of some seconds hold several samples."""

_POD = "__meta_kubernetes_pod"
_DEPLOYMENT = f"{_POD}_label_modelyard_dev_deployment"
_COMPONENT = f"{_POD}_label_app_kubernetes_io_component"
_ANNOTATION = f"{_POD}_annotation_prometheus_io"
_NAME = f"{_POD}_label_app_kubernetes_io_name"
_KUBELET_PORT = 10250
_OF_CONTAINERS = (
    "container_cpu_(usage_seconds|cfs(_throttled)?_periods)_total|container_memory_working_set_bytes"
)


def targets_file(settings: Settings, name: str) -> Path:
    """File in which an extra names what it wants scraped besides pods; read whenever it changes."""
    return settings.config_dir / "prometheus-targets" / f"{name}.yaml"


def data_folder(settings: Settings) -> Path:
    """Where the samples are kept."""
    return settings.state_dir / "prometheus"


def prometheus(settings: Settings) -> Component:
    """Build the command line and configuration."""
    path = settings.config_dir / "prometheus.yaml"
    url = f"http://{settings.node_ip}:{PROMETHEUS_PORT}"
    argv = (
        program(settings, "prometheus"),
        f"--config.file={path}",
        f"--storage.tsdb.path={data_folder(settings)}",
        "--storage.tsdb.retention.time=1d",
        f"--web.listen-address={settings.node_ip}:{PROMETHEUS_PORT}",
        "--log.level=warn",
    )
    files = {path: yaml.safe_dump(configuration(settings), sort_keys=False)}
    return Component("prometheus", argv, http_check(f"{url}/-/ready"), phase=4, files=files)


def configuration(settings: Settings) -> dict[str, Any]:
    """What is scraped (https://prometheus.io/docs/prometheus/latest/configuration/configuration/)."""
    kubeconfig = client_config(settings, "prometheus")
    discovery = [{"role": "pod", "kubeconfig_file": kubeconfig}]
    files = str(targets_file(settings, "*"))
    return {
        "global": {"scrape_interval": SCRAPE_INTERVAL, "scrape_timeout": SCRAPE_INTERVAL},
        "scrape_configs": [
            {
                "job_name": "modelyard",
                "kubernetes_sd_configs": discovery,
                "relabel_configs": [
                    # Servers of models, on their HTTP port.
                    _keep([_DEPLOYMENT, _COMPONENT, f"{_POD}_container_port_name"], ".+;server;http"),
                    *_of_pods(),
                ],
            },
            {
                "job_name": "modelyard-operator",
                "kubernetes_sd_configs": [dict(item) for item in discovery],
                "relabel_configs": [
                    _keep([_NAME, f"{_POD}_container_port_name"], "modelyard-operator;metrics"),
                    *_of_pods(),
                ],
            },
            {
                "job_name": "pods",
                "kubernetes_sd_configs": [dict(item) for item in discovery],
                "relabel_configs": [
                    _keep([f"{_ANNOTATION}_scrape"], "true"),
                    # Those are scraped above.
                    _keep([_DEPLOYMENT, _COMPONENT], ".+;server", action="drop"),
                    _set([f"{_ANNOTATION}_scheme"], "(https?)", "__scheme__"),
                    _set([f"{_ANNOTATION}_path"], "(.+)", "__metrics_path__"),
                    _set([f"{_POD}_ip", f"{_ANNOTATION}_port"], r"([^;]+);(\d+)", "__address__", "${1}:${2}"),
                    *_of_pods(),
                ],
            },
            {
                # https://istio.io/latest/docs/ops/integrations/prometheus/#configuration
                "job_name": "envoy-stats",
                "metrics_path": "/stats/prometheus",
                "kubernetes_sd_configs": [dict(item) for item in discovery],
                "relabel_configs": [
                    _keep([f"{_POD}_container_port_name"], ".*-envoy-prom"),
                    *_of_pods(),
                ],
            },
            {
                # What the kernel accounts for, by container: the kubelet's cAdvisor.
                "job_name": "kubelet",
                "scheme": "https",
                "metrics_path": "/metrics/cadvisor",
                "tls_config": {
                    "ca_file": pki(settings, "ca.crt"),
                    "cert_file": pki(settings, "prometheus.crt"),
                    "key_file": pki(settings, "prometheus.key"),
                },
                "static_configs": [{"targets": [f"{settings.node_ip}:{_KUBELET_PORT}"]}],
                "metric_relabel_configs": [_keep(["__name__"], _OF_CONTAINERS)],
            },
            {"job_name": "node", "file_sd_configs": [{"files": [files]}]},
        ],
    }


def _of_pods() -> list[dict[str, Any]]:
    """Leave out pods that have no address or have ended, and say of which pod a sample is."""
    return [
        _keep([f"{_POD}_ip"], ".+"),
        _keep([f"{_POD}_phase"], "Pending|Succeeded|Failed", action="drop"),
        _set(["__meta_kubernetes_namespace"], "(.+)", "namespace"),
        _set([f"{_POD}_name"], "(.+)", "pod"),
    ]


def _keep(labels: list[str], regex: str, action: str = "keep") -> dict[str, Any]:
    return {"source_labels": labels, "regex": regex, "action": action}


def _set(labels: list[str], regex: str, target: str, replacement: str = "${1}") -> dict[str, Any]:
    return {"source_labels": labels, "regex": regex, "target_label": target, "replacement": replacement}
