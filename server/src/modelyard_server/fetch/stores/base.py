"""What every store offers, so that `resolve` and `fetch` need not know which one it is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

MOST_FILES: Final = 10_000
"""A listing longer than this is not one model's folder, and is refused rather than paged to its end."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a source.

    Attributes:
        path: Relative to the source's root, with `/`.
        size: Bytes.
        tag: What the store changes whenever the content changes: version id, ETag, time of change.
        sha256: The content's hash where the store vouches for one, 64 hex digits.
    """

    path: str
    size: int
    tag: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class StoreContext:
    """What a store may need besides the URI.

    Attributes:
        environ: The environment, with the credentials under the names of each SDK.
        variant: The variant of the model that is wanted.
        pvc_mount: Where the volume of a `pvc://` source is mounted.
        allow_http: Whether plain http is allowed where https is the rule.
    """

    environ: Mapping[str, str]
    variant: str
    pvc_mount: Path
    allow_http: bool = False


def is_true(environ: Mapping[str, str], name: str) -> bool:
    """Whether a variable says yes."""
    return environ.get(name, "").lower() in {"1", "true", "yes"}


class Store(Protocol):
    """A source of one model. Methods raise SourceError: StoreUnreachable where another try may help."""

    def entries(self) -> Sequence[Entry]:
        """List the source's files; a source that is one archive lists that archive alone."""
        ...

    def pin(self, needed: Sequence[Entry]) -> str:
        """Make the immutable reference of the files needed, as of the last listing."""
        ...

    def read(self, entry: Entry, offset: int = 0) -> Iterator[bytes]:
        """Read a listed file from a byte offset on; SourceChanged when it is not what was listed."""
        ...

    def verified_in_place(self, entry: Entry) -> str | None:
        """Hash a file that the server can read where it is.

        Returns:
            The content's hex SHA-256, or None where the file must be downloaded.
        """
        ...
