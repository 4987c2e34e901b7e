"""Sources that are read in place: what a pod must mount for them, and where the model then is."""

import re

from modelyard_operator.contract import MODEL_DIR, PVC_MOUNT
from modelyard_operator.kube.objects import Manifest

SOURCE_VOLUME = "source"


def _split(uri: str) -> tuple[str, str]:
    """The scheme, and the rest without a content pin."""
    scheme, _, rest = uri.partition("://")
    return scheme, re.sub(r"@sha256:[0-9a-f]{64}$", "", rest)


def model_dir(uri: str) -> str:
    """Where `serve` reads the artifact: in place for pvc and file, else where `fetch` lays it."""
    scheme, rest = _split(uri)
    if scheme == "file":
        return rest
    if scheme == "pvc":
        path = rest.partition("/")[2].strip("/")
        return f"{PVC_MOUNT}/{path}".rstrip("/")
    return MODEL_DIR


def volumes(uri: str) -> list[Manifest]:
    """The claim of a `pvc://CLAIM/PATH` source."""
    scheme, rest = _split(uri)
    if scheme != "pvc":
        return []
    claim = rest.partition("/")[0]
    return [{"name": SOURCE_VOLUME, "persistentVolumeClaim": {"claimName": claim, "readOnly": True}}]


def mounts(uri: str) -> list[Manifest]:
    """The mounts of `volumes`."""
    return [{"name": volume["name"], "mountPath": PVC_MOUNT, "readOnly": True} for volume in volumes(uri)]
