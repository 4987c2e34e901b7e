"""The embedded cluster: `devcluster`, on a Linux machine with root and no Docker."""

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from demo.built import Images
from demo.kubectl import Kubectl
from demo.shell import run, stream
from demo.targets.base import Ingress, Target
from devcluster import endpoints

DEVCLUSTER = str(Path(sys.executable).parent / "devcluster")


class Embedded(Target):
    """Shared by every checkout on the machine."""

    name = "embedded"

    @classmethod
    def missing(cls) -> str | None:
        """Root on Linux."""
        return None if sys.platform == "linux" and os.geteuid() == 0 else "needs root on Linux"

    @property
    def kubectl(self) -> Kubectl:
        """With the kubeconfig of devcluster, and its kubectl where there is none."""
        binary = shutil.which("kubectl") or run([DEVCLUSTER, "tool", "kubectl"]).strip()
        return Kubectl(binary=binary, kubeconfig=Path(run([DEVCLUSTER, "kubeconfig"]).strip()))

    def up(self, *, mesh: bool = False) -> None:
        """Builds what is not cached, and shows it."""
        stream([DEVCLUSTER, "up", *(["--with", "istio,gateway"] if mesh else [])])

    def down(self) -> None:
        """Ends every process and removes every mount, bridge and rule that `up` made."""
        stream([DEVCLUSTER, "down"])

    def load(self, images: Images) -> Images:
        """Straight into containerd."""
        stream([DEVCLUSTER, "load-image", *(image.archive for image in images.values())])
        return images

    def store(self, models: Sequence[Path]) -> dict[str, Any]:
        """devcluster's S3 server."""
        for model in models:
            run([DEVCLUSTER, "store", "put", model, f"s3://models/{model.parent.name}"])
        secret: dict[str, Any] = yaml.safe_load(run([DEVCLUSTER, "store", "credentials"]))
        return secret

    def ingress(self, name: str, namespace: str, *, gateway_api: bool = False) -> Ingress:
        """Istio's, through Envoy on this machine."""
        way = endpoints.GATEWAY_API if gateway_api else endpoints.ISTIO
        return Ingress(way.url, endpoints.host(name, namespace), way.namespace, way.gateway)

    @contextmanager
    def service(self, name: str, namespace: str) -> Iterator[str]:
        """kube-proxy runs on this machine, so the Service's own address answers."""
        service = self.kubectl.get("service", name, namespace=namespace)
        yield f"http://{service['spec']['clusterIP']}"
