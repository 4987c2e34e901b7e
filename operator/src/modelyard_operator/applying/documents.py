"""The objects in a text of YAML. No I/O."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from modelyard_operator.kube.objects import Manifest


class ApplyError(Exception):
    """Something cannot be applied; the message says what, where, and what to do."""


@dataclass(frozen=True, slots=True)
class Document:
    """One object to apply."""

    manifest: Manifest
    source: str
    """The file that it is from, and its place there."""

    @property
    def api_version(self) -> str:
        """Such as `apps/v1` or `v1`."""
        return str(self.manifest["apiVersion"])

    @property
    def kind(self) -> str:
        """Such as `Deployment`."""
        return str(self.manifest["kind"])

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.manifest["metadata"]["name"])

    @property
    def namespace(self) -> str | None:
        """The namespace that it names, if it names one."""
        found = self.manifest["metadata"].get("namespace")
        return str(found) if found else None

    @property
    def label(self) -> str:
        """As people name it: `ModelDeployment sentiment`."""
        return f"{self.kind} {self.name}"


def read(text: str, source: str) -> list[Document]:
    """The objects of a file; those of a List one by one.

    Args:
        text: YAML or JSON, any number of documents.
        source: The file's name, for messages.

    Raises:
        ApplyError: it is no YAML, a document is no object, or it lacks what names one.
    """
    try:
        found = [each for each in yaml.safe_load_all(text) if each is not None]
    except yaml.YAMLError as error:
        raise ApplyError(f"{source} is no YAML: {error}") from None
    return [
        Document(manifest, where)
        for place, document in enumerate(found, start=1)
        for manifest, where in _flat(document, f"{source}, document {place}")
    ]


def _flat(document: Any, where: str) -> Iterator[tuple[Manifest, str]]:
    if not isinstance(document, dict):
        raise ApplyError(f"{where} is no object: it needs apiVersion, kind and metadata.name")
    if document.get("kind") == "List" and isinstance(document.get("items"), list):
        for number, each in enumerate(document["items"], start=1):
            yield from _flat(each, f"{where}, item {number}")
        return
    for field in ("apiVersion", "kind"):
        if not isinstance(document.get(field), str) or not document[field]:
            raise ApplyError(f"{where} has no {field}: write it, such as modelyard.dev/v1alpha1")
    metadata = document.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str) or not metadata["name"]:
        raise ApplyError(f"{where} ({document['kind']}) has no metadata.name: write one")
    yield document, where
