"""Looking at a source: what it lists, what of it is needed, and what its small files say."""

from collections.abc import Mapping
from dataclasses import dataclass

from modelyard_server.artifact.infer import Facts, infer_task
from modelyard_server.artifact.manifest import Manifest
from modelyard_server.fetch import selection
from modelyard_server.fetch.retry import Patience
from modelyard_server.fetch.stores.base import Entry, Store
from modelyard_server.fetch.uri import ModelUri
from modelyard_server.report import not_a_model


@dataclass(frozen=True, slots=True)
class Survey:
    """A source at one moment.

    Attributes:
        needed: The files to fetch, sorted by path; of an archive, the archive itself.
        description: `modelyard.json`, where the source has one.
    """

    needed: tuple[Entry, ...]
    description: Manifest | None

    @property
    def size(self) -> int:
        """Bytes of the files needed."""
        return sum(entry.size for entry in self.needed)


def survey(store: Store, uri: ModelUri, variant: str, patience: Patience) -> Survey:
    """List a source and choose what is needed.

    Raises:
        SourceError: NotFound, NotAModel, Forbidden, StoreUnreachable and whatever else the store meets.
    """
    entries = {entry.path: entry for entry in patience.call(store.entries)}
    if uri.is_archive:
        return Survey(tuple(entries.values()), None)
    text = read_small(store, entries, selection.DESCRIPTION, patience)
    description = selection.read_description(text) if text is not None else None
    declared, files = (description.file, description.files) if description is not None else (None, None)
    names = selection.needed_files(list(entries), variant, declared, files)
    return Survey(tuple(entries[name] for name in names), description)


def tell_task(store: Store, uri: ModelUri, surveyed: Survey, patience: Patience) -> str | None:
    """Tell a source's task where that takes one small file; None where the server must look closer."""
    if uri.is_archive:
        return None
    entries = {entry.path: entry for entry in surveyed.needed}
    text = read_small(store, entries, selection.CONFIG, patience)
    config = selection.read_object(text, selection.CONFIG) if text is not None else None
    manifest = surveyed.description or Manifest()
    return manifest.task or infer_task(Facts(list(entries), config or {}, manifest=manifest))


def read_small(store: Store, entries: Mapping[str, Entry], name: str, patience: Patience) -> bytes | None:
    """Read one of the source's JSON files; None where it has no such file.

    Raises:
        SourceError: NotAModel: it is too long; or the store's error.
    """
    entry = entries.get(name)
    if entry is None:
        return None
    if entry.size > selection.SMALL_FILE_LIMIT:
        raise not_a_model(
            f"{name} in the source has {entry.size:,} bytes; at most {selection.SMALL_FILE_LIMIT:,} are read."
        )
    return patience.call(lambda: b"".join(store.read(entry)))
