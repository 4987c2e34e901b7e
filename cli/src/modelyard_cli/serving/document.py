"""The ModelDeployment that a file holds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from modelyard_cli.errors import CliError
from modelyard_operator.api import approval
from modelyard_operator.api.base import API_VERSION, GROUP
from modelyard_operator.api.deployment import KIND, ModelDeploymentSpec
from modelyard_operator.applying.command import load
from modelyard_operator.applying.documents import ApplyError, Document
from modelyard_operator.reconcile.gather import describe

DEFAULT_NAMESPACE = "default"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A ModelDeployment.

    Attributes:
        name: Its name.
        namespace: The namespace that it names, else `default`.
        spec: Its spec with every default.
        written: Its spec as it was written.
    """

    name: str
    namespace: str
    spec: ModelDeploymentSpec
    written: dict[str, Any]


def read(file: str, name: str | None = None) -> Wanted:
    """The one ModelDeployment of a file.

    Args:
        file: A file of YAML or JSON, a folder of such, or `-` for standard input.
        name: Which, where there are several.

    Raises:
        CliError: There is none, or not that one, or its spec is not as it must be, or a resource is of a
            version or kind that Modelyard does not have.
    """
    try:
        documents = load([file])
    except ApplyError as error:
        raise CliError(str(error)) from None
    for each in documents:
        _check(each)
    chosen = _choose(documents, file, name)
    written = chosen.manifest.get("spec") or {}
    try:
        spec = ModelDeploymentSpec.model_validate(written, extra="forbid")
    except ValidationError as error:
        raise CliError(f"{chosen.label} ({chosen.source}): {describe(error)}") from None
    return Wanted(chosen.name, chosen.namespace or DEFAULT_NAMESPACE, spec, written)


def from_another_source(wanted: Wanted, model: str) -> Wanted:
    """The same from a folder, which takes no Secret, or from another URI."""
    source: dict[str, Any] = {"uri": model}
    if "://" not in model:
        source = {"uri": Path(model).resolve().as_uri(), "secret_ref": None}
    spec = wanted.spec.model_copy(update={"model": wanted.spec.model.model_copy(update=source)})
    return replace(wanted, spec=spec)


def _check(document: Document) -> None:
    if document.api_version == API_VERSION and document.kind in {KIND, approval.KIND}:
        return
    if document.kind == KIND or document.api_version.startswith(f"{GROUP}/"):
        raise CliError(
            f"{document.label} ({document.source}): Modelyard has no {document.kind} of "
            f"{document.api_version}: write apiVersion: {API_VERSION} and kind: {KIND}"
        )


def _choose(documents: Sequence[Document], file: str, name: str | None) -> Document:
    served = [each for each in documents if each.kind == KIND]
    names = [each.name for each in served]
    wanted = [each for each in served if name in {None, each.name}]
    if not served:
        raise CliError(f"{file} holds no {KIND}: there is {', '.join(each.label for each in documents)}")
    if not wanted:
        raise CliError(f"{file} holds no {KIND} {name}: there is {', '.join(names)}")
    if len(wanted) > 1:
        raise CliError(f"{file} holds several: say which with --name: {', '.join(names)}")
    return wanted[0]
