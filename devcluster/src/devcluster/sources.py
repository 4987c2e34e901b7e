"""Files out of the sources of pinned modules: read once, and kept without the rest of the module."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devcluster import modules
from devcluster.config import Settings
from devcluster.errors import DevclusterError
from devcluster.ui import Ui


@dataclass(frozen=True)
class Sources:
    """Where files come from.

    Attributes:
        module: Folder under `tools/` whose go.mod pins the version.
        package: The Go module that holds them.
        files: Their paths inside it.
    """

    module: str
    package: str
    files: tuple[str, ...]


def ensure(settings: Settings, ui: Ui, sources: Sources) -> None:
    """Read the files into the cache unless it has them.

    Args:
        settings: Names the cache.
        ui: Shows the download.
        sources: Where they come from.

    Raises:
        DevclusterError: The module cannot be fetched or lacks one.
    """

    def read() -> dict[str, dict[str, Any]]:
        source = modules.downloaded(sources.module, sources.package, ui)
        lacking = [file for file in sources.files if not (source / file).exists()]
        if lacking:
            raise DevclusterError(f"{source} holds no {', '.join(lacking)}: the module's layout has changed.")
        texts = {file: (source / file).read_text(encoding="utf-8") for file in sources.files}
        return {file.replace("/", "-"): {"file": file, "text": text} for file, text in texts.items()}

    modules.ensure(settings, ui, folder(settings, sources), f"Fetch files of {sources.package}", read)


def cached(settings: Settings, sources: Sources, file: str) -> str:
    """The text of one of the files; empty if the cache lacks this version."""
    found = modules.kept(folder(settings, sources))
    return next((str(each["text"]) for each in found if each["file"] == file), "")


def folder(settings: Settings, sources: Sources) -> Path:
    """Where the cache has them, whether it does or not."""
    key = modules.key(sources.module, sources.package, " ".join(sources.files))
    return settings.cache_dir / "sources" / key
