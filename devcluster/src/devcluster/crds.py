"""CustomResourceDefinitions out of the sources of pinned modules, and whether the API server serves them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from devcluster import modules
from devcluster.api import Api, Manifest
from devcluster.build import TOOLS_DIR
from devcluster.config import Settings
from devcluster.errors import DevclusterError
from devcluster.ui import Ui

KIND = "CustomResourceDefinition"


@dataclass(frozen=True)
class Source:
    """Where definitions come from.

    Attributes:
        module: Folder under `tools/` whose go.mod pins the version.
        package: The Go module that holds them.
        files: Glob of YAML files inside it.
    """

    module: str
    package: str
    files: str


def cache_key(source: Source, tools_dir: Path = TOOLS_DIR) -> str:
    """Name of the folder that holds the definitions of one version.

    Args:
        source: Where they come from.
        tools_dir: Where the modules lie.

    Returns:
        The module's name and 16 hex digits over all that decides their bytes.
    """
    return modules.key(source.module, source.package, source.files, tools_dir)


def ensure(settings: Settings, ui: Ui, source: Source) -> list[dict[str, Any]]:
    """Get definitions, from the cache if it has them.

    Args:
        settings: Names the cache.
        ui: Shows the download.
        source: Where they come from.

    Returns:
        The definitions in the order of their names.

    Raises:
        DevclusterError: The module cannot be fetched or holds none.
    """

    def read() -> dict[str, dict[str, Any]]:
        return {each["metadata"]["name"]: each for each in definitions(_texts(source, ui))}

    title = f"Fetch the definitions of {source.package}"
    modules.ensure(settings, ui, _folder(settings, source), title, read)
    return cached(settings, source)


def cached(settings: Settings, source: Source) -> list[dict[str, Any]]:
    """The definitions that the cache has; none if it lacks this version."""
    return modules.kept(_folder(settings, source))


def _folder(settings: Settings, source: Source) -> Path:
    return settings.cache_dir / "crds" / cache_key(source)


def definitions(texts: Iterable[str]) -> list[dict[str, Any]]:
    """The definitions among the documents of YAML files."""
    return [document for document in documents(texts) if document["kind"] == KIND]


def documents(texts: Iterable[str]) -> list[dict[str, Any]]:
    """The objects of YAML files."""
    # libyaml's loader is ten times as fast, where PyYAML has it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [found for text in texts for found in yaml.load_all(text, Loader=loader) if found]


def path(name: str) -> str:
    """URL path of a definition."""
    return f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"


def missing(api: Api, wanted: Sequence[Manifest]) -> list[str]:
    """Names of definitions that the API server does not serve now, told by its discovery."""
    served: dict[str, set[str]] = {}
    lacking: list[str] = []
    for definition in wanted:
        spec = definition["spec"]
        version = next(item["name"] for item in spec["versions"] if item["served"])
        group = f"{spec['group']}/{version}"
        if group not in served:
            found = (api.get(f"/apis/{group}") or {}).get("resources", [])
            served[group] = {item["name"] for item in found}
        if spec["names"]["plural"] not in served[group]:
            lacking.append(definition["metadata"]["name"])
    return lacking


def _texts(source: Source, ui: Ui) -> list[str]:
    """Download the module and read the files."""
    folder = modules.downloaded(source.module, source.package, ui)
    files = sorted(folder.glob(source.files))
    if not files:
        raise DevclusterError(f"{folder} holds no {source.files}: the module's layout has changed.")
    return [file.read_text(encoding="utf-8") for file in files]
