"""What a snippet of YAML in a page is about, told from its keys.

- A document with `kind` is whole.
- A document whose first line is a comment that names a file (`# values.yaml`) is that file.
- Everything else is a part of a ModelDeployment. It is laid where it belongs: at the shallowest place of the
  resource that has all its keys. So `rollout:`, `steps:` and a list of steps need no marker, and a word that
  the resource does not know has no place at all.
"""

import re
from collections import deque
from collections.abc import Iterator
from typing import Any

import yaml

from docsite.page import fences
from modelyard_operator.api.base import API_VERSION
from modelyard_operator.api.deployment import KIND, ModelDeploymentSpec
from modelyard_operator.api.openapi import Schema, structural

SPEC = structural(ModelDeploymentSpec, defaults=False)
ROOT: Schema = {
    "type": "object",
    "properties": {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "spec": SPEC,
    },
}
SOURCE = "s3://models/example"
"""The model of a part that names none."""

_HERE_DOCUMENT = re.compile(r"<<'(?P<end>\w+)'[^\n]*\n(?P<body>.*?)^(?P=end)$", re.M | re.S)
_FILE = re.compile(r"\A# (?P<name>\S+\.\w+)\s*\n")


class NoPlaceError(ValueError):
    """A snippet that is part of nothing that is known."""


def snippets(page: str) -> Iterator[tuple[str, str]]:
    """The YAML of a page, each with its place: blocks of their own, and what shell hands to a command."""
    for fence in fences(page, "yaml", "yml", "sh"):
        if fence.language == "sh":
            for number, found in enumerate(_HERE_DOCUMENT.finditer(fence.body)):
                yield f"{fence.line}.{number}", found["body"]
        else:
            yield str(fence.line), fence.body


def file_name(snippet: str) -> str | None:
    """The file that a snippet says it is."""
    found = _FILE.match(snippet)
    return found["name"] if found else None


def documents(snippet: str) -> Iterator[Any]:
    """The YAML documents of a snippet that hold anything."""
    yield from (document for document in yaml.safe_load_all(snippet) if document is not None)


def _below(schema: Schema, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Schema]]:
    for name, child in schema.get("properties", {}).items():
        yield (*path, name), child
    if "items" in schema:
        yield (*path, "[]"), schema["items"]


def place(part: Any) -> tuple[str, ...]:
    """The shallowest place of a ModelDeployment where `part` can stand.

    Raises:
        NoPlaceError: there is none.
    """
    many = isinstance(part, list)
    keys = {key for entry in part for key in entry} if many else set(part)
    queue: deque[tuple[tuple[str, ...], Schema]] = deque([((), ROOT)])
    while queue:
        path, schema = queue.popleft()
        here = schema.get("items", {}) if many else schema
        if keys <= set(here.get("properties", {})):
            return path
        queue.extend(_below(schema, path))
    raise NoPlaceError(f"no place of a ModelDeployment has {', '.join(sorted(keys))}")


def whole(part: Any) -> dict[str, Any]:
    """A ModelDeployment with `part` at its place, and nothing else but what is required."""
    if isinstance(part, dict) and "kind" in part:
        return part
    laid = part
    for name in reversed(place(part)):
        laid = [laid] if name == "[]" else {name: laid}
    spec = {"model": {"uri": SOURCE}, **laid.get("spec", {})}
    spec["model"] = {"uri": SOURCE, **spec["model"]}
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        **laid,
        "metadata": {"name": "example", **laid.get("metadata", {})},
        "spec": spec,
    }


def unknown(value: Any, schema: Schema, path: str = "") -> list[str]:
    """The fields of `value` that its schema does not have."""
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return []
    if isinstance(value, list):
        return [name for entry in value for name in unknown(entry, schema.get("items", {}), f"{path}[]")]
    if not isinstance(value, dict):
        return []
    known, more = schema.get("properties", {}), schema.get("additionalProperties")
    found = []
    for name, child in value.items():
        if name in known:
            found += unknown(child, known[name], f"{path}.{name}")
        elif more is None:
            found.append(f"{path}.{name}")
    return found
