"""The file that says which artifact lies in the model folder, whole and verified."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

MARKER: Final = ".modelyard-fetched.json"


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file of the artifact: path below the model folder, bytes, hex SHA-256 of the content."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """An artifact in the model folder.

    Attributes:
        pinned: The reference it was fetched by.
        variant: The variant it was fetched for.
        digest: `sha256:…` over all files.
        files: Every file.
    """

    pinned: str
    variant: str
    digest: str
    files: Sequence[FetchedFile]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def read_marker(model_dir: Path) -> Fetched | None:
    """Read the marker; None where there is none, or none that can be read."""
    try:
        document = json.loads((model_dir / MARKER).read_bytes())
        return Fetched(
            pinned=document["pinned"],
            variant=document["variant"],
            digest=document["digest"],
            files=[FetchedFile(**file) for file in document["files"]],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_marker(model_dir: Path, fetched: Fetched) -> None:
    """Write the marker in one step, so that it is never half there.

    Raises:
        OSError: The folder can't be written.
    """
    temporary = model_dir / f"{MARKER}.new"
    temporary.write_text(json.dumps({**asdict(fetched), "bytes": fetched.size}, indent=1) + "\n")
    temporary.replace(model_dir / MARKER)


def is_complete(model_dir: Path, fetched: Fetched) -> bool:
    """Whether every file of a marker is there with its size."""
    for file in fetched.files:
        try:
            if (model_dir / file.path).stat().st_size != file.size:
                return False
        except OSError:
            return False
    return True
