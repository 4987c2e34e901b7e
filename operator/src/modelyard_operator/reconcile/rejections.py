"""What a revision's Deployment carries of its rejection, so that a lost status does not try it again."""

from collections.abc import Iterable

from pydantic import ValidationError

from modelyard_operator import labels
from modelyard_operator.api.status import Rejected
from modelyard_operator.kube.objects import Child, Manifest, unpack


def marked(deployment: Manifest, rejection: Rejected | None) -> Manifest:
    """The Deployment with its revision's rejection; its pods are none the wiser."""
    if rejection is None:
        return deployment
    metadata = deployment["metadata"]
    annotations = {
        **metadata.get("annotations", {}),
        labels.REJECTED: rejection.model_dump_json(by_alias=True),
    }
    return deployment | {"metadata": metadata | {"annotations": annotations}}


def read(deployments: Iterable[Child]) -> tuple[Rejected, ...]:
    """The rejections that Deployments carry, the newest last; what nobody can read is left out."""
    found: list[Rejected] = []
    for child in deployments:
        annotations = unpack(child.body).get("metadata", {}).get("annotations", {})
        try:
            rejection = Rejected.model_validate_json(annotations.get(labels.REJECTED, ""))
        except ValidationError:
            continue
        if rejection.revision == child.revision:
            found.append(rejection)
    return tuple(sorted(found, key=lambda rejection: rejection.at))
