"""Programs of extras that run in pods: images of what is built here, and their own modules' manifests."""

import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devcluster import modules
from devcluster.api import Api, Manifest, object_path
from devcluster.build import TOOLS, Builder
from devcluster.config import Settings
from devcluster.crds import documents
from devcluster.errors import DevclusterError
from devcluster.images import ImageStore
from devcluster.ui import Ui

DEPLOYMENT = "Deployment"


@dataclass(frozen=True)
class Pods:
    """What runs in pods.

    Attributes:
        module: Folder under `tools/` whose go.mod pins the version.
        package: The Go module that holds the manifests.
        folders: Folders inside it with a kustomization each, without definitions.
        images: The program that an image of theirs stands for.
    """

    module: str
    package: str
    folders: tuple[str, ...]
    images: Mapping[str, str]


def ensure(settings: Settings, ui: Ui, pods: Pods) -> None:
    """Read the manifests into the cache unless it has them.

    Raises:
        DevclusterError: The module cannot be fetched, or kubectl cannot read it.
    """

    def read() -> dict[str, dict[str, Any]]:
        source = modules.downloaded(pods.module, pods.package, ui)
        found = documents(_built(_kubectl(settings, ui), source / folder) for folder in pods.folders)
        # Numbered, so that they are applied in kustomize's order: who is bound before the binding.
        return {f"{n:03}-{each['kind']}-{each['metadata']['name']}": each for n, each in enumerate(found)}

    title = f"Fetch the manifests of {pods.package}"
    modules.ensure(settings, ui, _folder(settings, pods), title, read)


def manifests(settings: Settings, pods: Pods, builds: Mapping[str, str]) -> list[Manifest]:
    """The manifests that the cache has, with images of the programs.

    Args:
        settings: Names the cache.
        pods: Whose.
        builds: Name of the build of each program.
    """
    found = modules.kept(_folder(settings, pods))
    for each in found:
        if each["kind"] == DEPLOYMENT:
            for container in each["spec"]["template"]["spec"]["containers"]:
                program = pods.images[container["image"]]
                container["image"] = tag(program, builds[program])
    return list(found)


def tag(program: str, build: str) -> str:
    """Name of the image of one build of a program."""
    return f"localhost/devcluster/{program}:{build.rpartition('-')[2]}"


def load(store: ImageStore, pods: Pods, programs: Mapping[str, Path]) -> None:
    """Put the images into containerd, unless they are there."""
    for program in pods.images.values():
        path = programs[program]
        store.ensure_program(tag(program, path.parent.name), path, program)


def problem(api: Api, wanted: Iterable[Manifest]) -> str | None:
    """Tells of a Deployment whose pods are not ready; None if all are."""
    paths = [object_path(each) for each in wanted if each["kind"] == DEPLOYMENT]
    return next((words for path in paths if (words := deployment_problem(path, api.get(path)))), None)


def deployment_problem(path: str, found: Mapping[str, Any] | None) -> str | None:
    """Why a Deployment has no ready pod of its present form; None if it has."""
    if found is None:
        return f"{path} is not there"
    status = found.get("status", {})
    is_seen = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
    if is_seen and status.get("updatedReplicas") and status.get("availableReplicas"):
        return None
    return f"{path} has no ready pod"


def _folder(settings: Settings, pods: Pods) -> Path:
    key = modules.key(pods.module, pods.package, " ".join(pods.folders))
    return settings.cache_dir / "manifests" / key


def _kubectl(settings: Settings, ui: Ui) -> str:
    """Whichever is there: what it does here needs no cluster."""
    return shutil.which("kubectl") or str(Builder(settings, ui).ensure([TOOLS["kubectl"]])["kubectl"])


def _built(kubectl: str, folder: Path) -> str:
    command: Sequence[str] = (kubectl, "kustomize", str(folder))
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise DevclusterError(f"`{' '.join(command)}` failed: {result.stderr.strip()[-500:]}")
    return result.stdout
