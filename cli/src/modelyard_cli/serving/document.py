"""The ModelDeployment that a file holds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from modelyard_cli.errors import CliError
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
        CliError: There is none, or not that one, or its spec is not as it must be.
    """
    try:
        documents = [each for each in load([file]) if each.kind == KIND]
    except ApplyError as error:
        raise CliError(str(error)) from None
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


def _choose(documents: Sequence[Document], file: str, name: str | None) -> Document:
    names = [each.name for each in documents]
    wanted = [each for each in documents if name in {None, each.name}]
    if not documents:
        raise CliError(f"{file} holds no {KIND}")
    if not wanted:
        raise CliError(f"{file} holds no {KIND} {name}: there is {', '.join(names)}")
    if len(wanted) > 1:
        raise CliError(f"{file} holds several: say which with --name: {', '.join(names)}")
    return wanted[0]
