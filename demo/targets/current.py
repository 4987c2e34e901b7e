"""Whatever cluster the current kubectl context points at; chosen only by name."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from demo.artifact_store import NAMESPACE, READER, in_cluster
from demo.built import Images
from demo.kubectl import Kubectl
from demo.shell import ROOT, CommandError, run, stream
from demo.targets.base import Target


class CurrentContext(Target):
    """A cluster of yours. It pulls the images from $IMAGE_REPOSITORY, which you may push to."""

    name = "current"

    @classmethod
    def missing(cls) -> str | None:
        """Never chosen unasked: it would change a cluster that serves others."""
        return "say CLUSTER=current to use your kubectl context"

    @property
    def kubectl(self) -> Kubectl:
        """Bound to the context that is current now."""
        return Kubectl(context=run(["kubectl", "config", "current-context"]).strip())

    def up(self, *, mesh: bool = False) -> None:  # noqa: ARG002 - it brings none
        """Only asks whether it answers."""
        self.kubectl("version")

    def down(self) -> None:
        """The cluster is yours; only what the demo brought goes."""
        delete = ("delete", "--ignore-not-found")
        self.kubectl(*delete, "-f", ROOT / "examples/sentiment.yaml")
        self.kubectl(*delete, "secret", READER)
        self.kubectl(*delete, "namespace", NAMESPACE)
        self.kubectl(*delete, "-k", ROOT / "k8s/base")

    def load(self, images: Images) -> Images:
        """Pushes them, with skopeo.

        Raises:
            CommandError: $IMAGE_REPOSITORY is not set, or the push failed.
        """
        repository = os.environ.get("IMAGE_REPOSITORY")
        if not repository:
            raise CommandError(
                "set IMAGE_REPOSITORY to a place that you may push to and the cluster may pull from"
            )
        pushed = {}
        for part, image in images.items():
            name = image.reference.rpartition("/")[2]
            stream(["skopeo", "copy", f"docker-archive:{image.archive}", f"docker://{repository}/{name}"])
            pushed[part] = replace(image, name=f"{repository}/{image.name.rpartition('/')[2]}")
        return pushed

    def store(self, models: Sequence[Path]) -> dict[str, Any]:
        """An S3 server in the cluster."""
        return in_cluster(self.kubectl, models)
