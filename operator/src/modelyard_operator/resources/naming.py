"""Names, hashes, labels and metadata of children."""

import hashlib
from base64 import b32encode
from typing import Any

import orjson

from modelyard_operator import labels
from modelyard_operator.api.model import ModelSpec
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.resources.context import Context, Source

PART_OF = "modelyard"
NO_REVISION = "none"
"""A revision label that no pod has: revision names are longer."""


def digest(value: Any) -> bytes:
    """sha256 of a JSON value, whatever the order of its keys."""
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).digest()


def model_key(spec: ModelSpec) -> str:
    """The hash of `spec.model`, 16 hex digits; it changes when the source must be resolved anew."""
    return digest(spec.set_fields()).hex()[:16]


def revision_name(ctx: Context, source: Source) -> str:
    """`r` and nine base-32 characters, of the pinned reference and all that the user set for the pods.

    Absent values and values equal to a default are left out, so a field that a newer operator adds leaves
    the names of existing revisions as they are. Of `spec.model`, all but the URI counts: task and variant
    change what is served, a digest pin must be checked by new pods, and pods name the Secret.
    """
    model = ctx.spec.model.set_fields()
    del model["uri"]
    content = {"pinned": source.pinned, "model": model, "server": ctx.spec.server.set_fields()}
    inputs = ctx.spec.inputs.set_fields()
    if inputs:  # Left out where nothing is set: names from before this field stay as they are.
        content["inputs"] = inputs
    return "r" + b32encode(digest(content)).decode().lower()[:9]


def of_revision(ctx: Context, revision: str) -> str:
    """The name of a revision's own children: 51 characters at most."""
    return f"{ctx.name}-{revision}"


def select(ctx: Context, component: str, revision: str | None = None) -> dict[str, str]:
    """The labels that select the pods of a component, of one revision or of all."""
    selector = {labels.DEPLOYMENT: ctx.name, labels.COMPONENT: component}
    if revision is not None:
        selector[labels.REVISION] = revision
    return selector


def all_labels(ctx: Context, component: str, revision: str | None = None) -> dict[str, str]:
    """Every label of a child or pod."""
    return {
        labels.NAME: f"{PART_OF}-{component}",
        labels.INSTANCE: ctx.name,
        labels.PART_OF: PART_OF,
        labels.MANAGED_BY: labels.MANAGER,
        **select(ctx, component, revision),
    }


def metadata(ctx: Context, name: str, component: str, revision: str | None = None) -> Manifest:
    """The metadata of a child, owned by its ModelDeployment."""
    return {
        "name": name,
        "namespace": ctx.namespace,
        "labels": all_labels(ctx, component, revision),
        "ownerReferences": [ctx.owner_reference],
    }
