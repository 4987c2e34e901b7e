"""A kind cluster of the demo's own, on a machine with Docker."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from demo.artifact_store import in_cluster
from demo.built import Images
from demo.kubectl import Kubectl
from demo.shell import run, stream
from demo.targets.base import Target

CLUSTER = "modelyard"


class Kind(Target):
    """Made once, kept until `down`."""

    name = "kind"

    @classmethod
    def missing(cls) -> str | None:
        """The kind command and a Docker that answers."""
        for program in ("kind", "docker", "kubectl"):
            if shutil.which(program) is None:
                return f"{program} is not installed"
        answers = subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0
        return None if answers else "Docker does not answer"

    @property
    def kubectl(self) -> Kubectl:
        """Bound to the context that kind writes."""
        return Kubectl(context=f"kind-{CLUSTER}")

    def up(self, *, mesh: bool = False) -> None:  # noqa: ARG002 - it brings none
        """`kind create cluster`, once."""
        if CLUSTER not in run(["kind", "get", "clusters"]).split():
            stream(["kind", "create", "cluster", "--name", CLUSTER, "--wait", "180s"])

    def down(self) -> None:
        """`kind delete cluster`."""
        stream(["kind", "delete", "cluster", "--name", CLUSTER])

    def load(self, images: Images) -> Images:
        """Into the node's containerd."""
        for image in images.values():
            stream(["kind", "load", "image-archive", image.archive, "--name", CLUSTER])
        return images

    def store(self, models: Sequence[Path]) -> dict[str, Any]:
        """An S3 server in the cluster."""
        return in_cluster(self.kubectl, models)
