"""A minikube profile of the demo's own."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from demo.artifact_store import in_cluster
from demo.built import Images
from demo.kubectl import Kubectl
from demo.shell import run, stream
from demo.targets.base import Target

PROFILE = "modelyard"


class Minikube(Target):
    """Made once, kept until `down`."""

    name = "minikube"

    @classmethod
    def missing(cls) -> str | None:
        """The minikube and kubectl commands."""
        for program in ("minikube", "kubectl"):
            if shutil.which(program) is None:
                return f"{program} is not installed"
        return None

    @property
    def kubectl(self) -> Kubectl:
        """Bound to the profile's context."""
        return Kubectl(context=PROFILE)

    def up(self, *, mesh: bool = False) -> None:  # noqa: ARG002 - it brings none
        """`minikube start`, with the metrics that autoscaling needs."""
        profiles = json.loads(run(["minikube", "profile", "list", "-o", "json"]) or "{}").get("valid", [])
        if any(p["Name"] == PROFILE and p["Status"] in ("Running", "OK") for p in profiles):
            return
        stream(["minikube", "start", "-p", PROFILE, "--addons", "metrics-server", "--keep-context"])

    def down(self) -> None:
        """`minikube delete`."""
        stream(["minikube", "delete", "-p", PROFILE])

    def load(self, images: Images) -> Images:
        """Into the node's runtime."""
        for image in images.values():
            stream(["minikube", "-p", PROFILE, "image", "load", image.archive])
        return images

    def store(self, models: Sequence[Path]) -> dict[str, Any]:
        """An S3 server in the cluster."""
        return in_cluster(self.kubectl, models)
