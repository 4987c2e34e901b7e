"""The manifests of k8s/base, which this package brings along, with the images that the user names. Pure."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from modelyard_cli.errors import CliError

PACKAGED = Path(__file__).parents[1] / "base"
CHECKOUT = Path(__file__).parents[4] / "k8s" / "base"
OWN = ("modelyard-operator", "modelyard-server", "modelyard-server-openvino")
"""Our images; all others keep their registry."""
REGISTRY: Final = re.compile(r"[^\s/@]+(/[^\s/@]+)*/?")
"""What may stand before their names: what the chart takes for `images.registry`, and a slash at its end."""
TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
"""https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests"""

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Images:
    """Where our images come from."""

    registry: str | None = None
    """What stands before their names; None: nothing does."""
    tag: str | None = None
    """None: that of this version."""

    def of(self, image: str) -> str:
        """The image to run in the place of one of the base's."""
        name, _, tag = image.rpartition(":")
        if name not in OWN:
            return image
        return (
            f"{self.registry.rstrip('/')}/{name}:{self.tag or tag}"
            if self.registry
            else f"{name}:{self.tag or tag}"
        )


def folder() -> Path:
    """Where the manifests lie: in the installed package, or in the checkout that it runs from.

    Raises:
        CliError: In neither.
    """
    for found in (PACKAGED, CHECKOUT):
        if (found / "kustomization.yaml").is_file():
            return found
    raise CliError("this installation lacks the manifests: install the package anew, or use k8s/base")


def manifests(images: Images, base: Path | None = None) -> list[Manifest]:
    """All objects, in the order in which they are applied."""
    where = base or folder()
    listed = yaml.safe_load((where / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    found = [
        each for name in listed for each in yaml.safe_load_all((where / name).read_text(encoding="utf-8"))
    ]
    return [_with_images(each, images) for each in found if each]


def _with_images(manifest: Manifest, images: Images) -> Manifest:
    if manifest["kind"] != "Deployment":
        return manifest
    for container in manifest["spec"]["template"]["spec"]["containers"]:
        container["image"] = images.of(container["image"])
        for variable in container.get("env", []):
            if variable.get("value"):
                variable["value"] = images.of(variable["value"])
    return manifest
