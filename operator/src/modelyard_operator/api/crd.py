"""The CustomResourceDefinition, generated from the pydantic models.

`python -m modelyard_operator.api.crd` prints it.
"""

import sys
from typing import Any

import orjson
import yaml

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

COLUMNS = (
    ("URL", "string", ".status.url", 0),
    ("Ready", "string", f"{_READY}.status", 0),
    ("Revision", "string", ".status.stableRevision", 0),
    ("Replicas", "integer", ".status.replicas", 0),
    ("Age", "date", ".metadata.creationTimestamp", 0),
    ("Reason", "string", f"{_READY}.reason", 1),
    ("Digest", "string", ".status.model.digest", 1),
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


def crd() -> dict[str, Any]:
    """The CustomResourceDefinition."""
    columns = [
        {"name": name, "type": kind, "jsonPath": path} | ({"priority": priority} if priority else {})
        for name, kind, path, priority in COLUMNS
    ]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{PLURAL}.{GROUP}",
            "labels": {"app.kubernetes.io/name": "modelyard", "app.kubernetes.io/part-of": "modelyard"},
        },
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": SINGULAR,
                "shortNames": [SHORT],
                "categories": ["all", "modelyard"],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": columns,
                    "schema": {"openAPIV3Schema": schema()},
                }
            ],
        },
    }


def to_yaml(value: Any) -> str:
    """YAML without anchors, in the order in which it was made."""
    return yaml.safe_dump(orjson.loads(orjson.dumps(value)), sort_keys=False, width=110)


if __name__ == "__main__":
    sys.stdout.write(to_yaml(crd()))
