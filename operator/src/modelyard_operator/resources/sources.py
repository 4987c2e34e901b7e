"""Sources that are read in place: what a pod must mount for them."""

import re

from modelyard_operator.contract import PVC_MOUNT
from modelyard_operator.kube.objects import Manifest

SOURCE_VOLUME = "source"


def volumes(uri: str) -> list[Manifest]:
    """The claim of a `pvc://CLAIM/PATH` source; other sources need no volume."""
    scheme, _, rest = uri.partition("://")
    if scheme != "pvc":
        return []
    claim = re.split("[/@]", rest, maxsplit=1)[0]
    return [{"name": SOURCE_VOLUME, "persistentVolumeClaim": {"claimName": claim, "readOnly": True}}]


def mounts(uri: str) -> list[Manifest]:
    """The mounts of `volumes`."""
    return [{"name": volume["name"], "mountPath": PVC_MOUNT, "readOnly": True} for volume in volumes(uri)]
