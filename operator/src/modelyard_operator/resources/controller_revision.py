"""The ControllerRevision: a revision as it was rendered at its birth."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from modelyard_operator import labels
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import Manifest, RevisionData
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.naming import metadata, of_revision
from modelyard_operator.resources.revision import Revision

CONTROLLER_REVISION = Kind(
    "apps/v1",
    "ControllerRevision",
    "controllerrevisions",
    lambda live: RevisionData.of(live.get("data") or {}),
    create_only=True,
)


class _Data(BaseModel):
    """The stored form; a field that a later operator adds must have a default."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")

    name: str
    model_key: str
    pinned: str
    digest: str | None = None
    task: str | None = None
    bytes: int | None = None
    deployment: dict[str, Any]
    service: dict[str, Any]
    spec: dict[str, Any] = {}


def controller_revision(ctx: Context, revision: Revision) -> Manifest:
    """The ControllerRevision that remembers `revision`."""
    data = _Data(**{field: getattr(revision, field) for field in _Data.model_fields})
    return {
        "apiVersion": CONTROLLER_REVISION.api_version,
        "kind": CONTROLLER_REVISION.kind,
        "metadata": metadata(ctx, of_revision(ctx, revision.name), labels.COMPONENT_SERVER, revision.name),
        "revision": 1,
        "data": data.model_dump(mode="json", by_alias=True, exclude_none=True),
    }


def read_revision(data: RevisionData) -> Revision:
    """The revision that a ControllerRevision remembers.

    Raises:
        ValueError: the data is not what `controller_revision` writes.
    """
    try:
        stored = _Data.model_validate(data.data)
    except ValidationError as error:
        raise ValueError(f"the ControllerRevision's data is not a revision: {error}") from error
    return Revision(**{field: getattr(stored, field) for field in _Data.model_fields})
