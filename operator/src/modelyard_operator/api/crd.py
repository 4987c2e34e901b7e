"""The CustomResourceDefinitions, generated from the pydantic models.

`python -m modelyard_operator.api.crd` prints that of ModelDeployment.
"""

import sys
from typing import Any

import orjson
import yaml

from modelyard_operator.api import approval
from modelyard_operator.api.approval import IMMUTABLE, ModelApprovalSpec
from modelyard_operator.api.base import GROUP, VERSION
from modelyard_operator.api.deployment import KIND, PLURAL, SHORT, SINGULAR, ModelDeploymentSpec
from modelyard_operator.api.openapi import structural
from modelyard_operator.api.rules import KEY, Rule
from modelyard_operator.api.status import Status

NAME_RULES = (
    Rule(
        rule="self.metadata.name.matches(r'^[a-z]([-a-z0-9]*[a-z0-9])?$')",
        message="metadata.name becomes the name of a Service: begin with a letter, go on with lower-case "
        "letters, digits and '-', and do not end with '-'",
    ),
    Rule(
        rule="self.metadata.name.size() <= 40",
        message="metadata.name is too long: 40 characters at most, for children add their own suffix to it",
    ),
)

_READY = '.status.conditions[?(@.type=="Ready")]'

Columns = tuple[tuple[str, str, str, int], ...]
"""Name, type, path and priority; 0: always shown, 1: with `-o wide`."""

COLUMNS: Columns = (
    ("URL", "string", ".status.url", 0),
    ("Ready", "string", f"{_READY}.status", 0),
    ("Revision", "string", ".status.stableRevision", 0),
    ("Weight", "integer", ".status.rollout.weight", 0),
    ("Replicas", "integer", ".status.replicas", 0),
    ("Age", "date", ".metadata.creationTimestamp", 0),
    ("Reason", "string", f"{_READY}.reason", 1),
    ("Digest", "string", ".status.model.digest", 1),
)

APPROVAL_COLUMNS: Columns = (
    ("Deployment", "string", ".spec.deployment", 0),
    ("Revision", "string", ".spec.revision", 0),
    ("Decision", "string", ".spec.decision", 0),
    ("Approver", "string", ".spec.approver", 0),
    ("Age", "date", ".metadata.creationTimestamp", 0),
    ("Reason", "string", ".spec.reason", 1),
    ("Evidence", "string", ".spec.evidence", 1),
)


def schema() -> dict[str, Any]:
    """The OpenAPI schema of a ModelDeployment."""
    status = structural(Status, defaults=False)
    # Without it, kstatus calls a resource that nobody has looked at Current.
    status["default"] = {"observedGeneration": -1}
    return {
        "description": "A model that is served as a production API: give it a model, get a URL.",
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": f"{GROUP}/{VERSION}."},
            "kind": {"type": "string", "description": f"{KIND}."},
            "metadata": {"type": "object"},
            "spec": structural(ModelDeploymentSpec, defaults=True),
            "status": status,
        },
        KEY: [rule.to_dict() for rule in NAME_RULES],
    }


def approval_schema() -> dict[str, Any]:
    """The OpenAPI schema of a ModelApproval."""
    spec = structural(ModelApprovalSpec, defaults=True)
    return {
        "description": "A decision on a candidate revision, for the evidence that was seen.",
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": f"{GROUP}/{VERSION}."},
            "kind": {"type": "string", "description": f"{approval.KIND}."},
            "metadata": {"type": "object"},
            "spec": spec | {KEY: [*spec.get(KEY, ()), IMMUTABLE.to_dict()]},
        },
    }


def crd() -> dict[str, Any]:
    """The CustomResourceDefinition of ModelDeployment."""
    names = {
        "kind": KIND,
        "listKind": f"{KIND}List",
        "plural": PLURAL,
        "singular": SINGULAR,
        "shortNames": [SHORT],
        "categories": ["all", "modelyard"],
    }
    return _definition(names, COLUMNS, schema(), has_status=True)


def approval_crd() -> dict[str, Any]:
    """The CustomResourceDefinition of ModelApproval."""
    names = {
        "kind": approval.KIND,
        "listKind": f"{approval.KIND}List",
        "plural": approval.PLURAL,
        "singular": approval.SINGULAR,
        "shortNames": [approval.SHORT],
        "categories": ["modelyard"],
    }
    return _definition(names, APPROVAL_COLUMNS, approval_schema(), has_status=False)


def _definition(
    names: dict[str, Any], columns: Columns, openapi: dict[str, Any], *, has_status: bool
) -> dict[str, Any]:
    shown = [
        {"name": name, "type": kind, "jsonPath": path} | ({"priority": priority} if priority else {})
        for name, kind, path, priority in columns
    ]
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        **({"subresources": {"status": {}}} if has_status else {}),
        "additionalPrinterColumns": shown,
        "schema": {"openAPIV3Schema": openapi},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{names['plural']}.{GROUP}",
            "labels": {"app.kubernetes.io/name": "modelyard", "app.kubernetes.io/part-of": "modelyard"},
        },
        "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def to_yaml(value: Any) -> str:
    """YAML without anchors, in the order in which it was made."""
    return yaml.safe_dump(orjson.loads(orjson.dumps(value)), sort_keys=False, width=110)


if __name__ == "__main__":
    sys.stdout.write(to_yaml(crd()))
