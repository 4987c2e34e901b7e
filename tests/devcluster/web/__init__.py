"""Two versions of a small web server in the cluster, which say who answered and how often."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from devcluster.images import program_archive
from devcluster.toolchain import architecture, choose

IMAGE = "localhost/devcluster-web:1"
METRIC = "devcluster_web_requests_total"
SCRAPED = {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"}
MODEL_SERVER = {"modelyard.dev/deployment": "web", "app.kubernetes.io/component": "server"}


@contextmanager
def archive() -> Iterator[Path]:
    """The server's image as a file."""
    with tempfile.TemporaryDirectory() as folder:
        program, path = Path(folder) / "web", Path(folder) / "web.tar"
        go, source = choose(), Path(__file__).with_name("main.go")
        build = [str(go.path), "build", "-ldflags", "-s -w", "-o", str(program), str(source)]
        subprocess.run(build, env=go.environment(), check=True)
        path.write_bytes(program_archive(program.read_bytes(), architecture(), IMAGE, "web"))
        yield path


def manifests(namespace: str) -> str:
    """v1 is scraped by its annotations, v2 by the labels that a model's server has."""
    objects: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    ]
    for version, labels, annotations in (("v1", {}, SCRAPED), ("v2", MODEL_SERVER, {})):
        objects += _version(namespace, version, labels, annotations)
    return yaml.safe_dump_all(objects)


def _version(
    namespace: str, version: str, labels: dict[str, str], annotations: dict[str, str]
) -> list[dict[str, Any]]:
    metadata = {"name": f"web-{version}", "namespace": namespace}
    selector = {"app": "web", "version": version}
    container = {
        "name": "web",
        "image": IMAGE,
        "imagePullPolicy": "Never",
        "env": [{"name": "VERSION", "value": version}, {"name": "METRIC", "value": METRIC}],
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1},
    }
    template = {
        "metadata": {"labels": {**selector, **labels}, "annotations": annotations},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]},
    }
    ports = [{"name": "http", "port": 80, "targetPort": 8080}]
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {"selector": {"matchLabels": selector}, "template": template},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"selector": selector, "ports": ports},
        },
    ]
