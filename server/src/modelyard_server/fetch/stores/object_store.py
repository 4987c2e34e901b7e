"""Object stores: a prefix of a bucket, or one object of it, whatever the cloud."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import obstore
from obstore.exceptions import (
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import AzureStore, GCSStore, S3Store

from modelyard_server.fetch.errors import forbidden, not_found, source_changed
from modelyard_server.fetch.pin import manifest
from modelyard_server.fetch.stores.base import MOST_FILES, Entry
from modelyard_server.fetch.stores.object_errors import Cloud, explain, first_line, said
from modelyard_server.fetch.uri import ModelUri, invalid

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta

Backend = S3Store | GCSStore | AzureStore

CHUNK: Final = 1 << 20

# One place tries again, and it is `retry`, which logs each try.
NO_RETRY: Final[Any] = {"max_retries": 0, "retry_timeout": timedelta(seconds=60)}

_EXTERNAL: Final = ("_data", ".data")


def client_options(*, allow_http: bool) -> dict[str, Any]:
    """How each store's client waits: a large body may take hours, a stalled connection ends by its reads."""
    return {
        "timeout": timedelta(days=1),
        "connect_timeout": timedelta(seconds=10),
        "read_timeout": timedelta(seconds=30),
        "allow_http": allow_http,
    }


def check_endpoint(environ: Mapping[str, str], name: str, example: str) -> None:
    """Refuse an endpoint that is no URL.

    Raises:
        SourceError: InvalidURI.
    """
    endpoint = environ.get(name, "")
    if endpoint and not endpoint.startswith(("https://", "http://")):
        raise invalid(f"{name} in the Secret must be a URL such as {example}, not {endpoint!r}.")


def connect(
    client: Callable[..., Backend],
    uri: ModelUri,
    bucket: str,
    config: Mapping[str, str],
    options: Mapping[str, Any],
) -> Backend:
    """The client of a bucket.

    Args:
        client: The cloud's.
        uri: What is asked for.
        bucket: Its name.
        config: The client's settings, by the SDK's names in lower case.
        options: Those of its connections.

    Raises:
        SourceError: InvalidURI: the settings can't be used.
    """
    try:
        return client(bucket, config=config, client_options=options, retry_config=NO_RETRY)
    except (BaseError, ValueError) as error:
        raise invalid(f"The settings for {uri.shown} can't be used: {first_line(error)}") from error


class ObjectStore:
    """A bucket of any cloud; see the protocol in `base`.

    Args:
        uri: `scheme://bucket/prefix`.
        backend: The bucket.
        cloud: What its messages say.
        path: The prefix or key inside the bucket; None: the URI's whole path.
    """

    def __init__(self, uri: ModelUri, backend: Backend, cloud: Cloud, path: str | None = None) -> None:
        self._uri = replace(uri, pin=None)
        self._backend = backend
        self._cloud = cloud
        self._path = uri.path if path is None else path

    def entries(self) -> Sequence[Entry]:
        """List all objects below the prefix, or the one object with its external data."""
        if self._uri.is_file:
            return self._list_object()
        entries: list[Entry] = []
        with self._explained():
            for chunk in obstore.list(self._backend, prefix=self._path or None):
                entries += [self._entry(meta) for meta in chunk]
                if len(entries) > MOST_FILES:
                    raise invalid(
                        f"{self._uri.shown} holds more than {MOST_FILES:,} objects; name one model's folder."
                    )
        entries = [entry for entry in entries if entry.path]
        if not entries:
            raise not_found(
                f"Nothing is found under {self._uri.shown}/. Correct spec.model.uri, or put the files there."
            )
        return entries

    def pin(self, needed: Sequence[Entry]) -> str:
        """Pin by ETag and size of the objects needed."""
        return str(self._uri.pinned("manifest", manifest(needed)))

    def read(self, entry: Entry, offset: int = 0) -> Iterator[bytes]:
        """Read an object, on condition that it still has the tag that was listed."""
        options: GetOptions = {}
        if entry.tag.startswith('"'):
            options["if_match"] = entry.tag
        if offset:
            options["range"] = {"offset": offset}
        with self._explained(entry.path):
            result = obstore.get(self._backend, self._key(entry.path), options=options)
            # Not every store heeds If-Match, and objects without an ETag are told by their time alone.
            if _tag(result.meta) != entry.tag:
                raise source_changed(self._uri.shown, f"another {entry.path} stands")
            yield from (bytes(chunk) for chunk in result.stream(min_chunk_size=CHUNK))

    def verified_in_place(self, entry: Entry) -> str | None:
        """Nothing is here yet."""
        del entry
        return None

    def _list_object(self) -> list[Entry]:
        name = self._uri.name
        with self._explained(name):
            entries = [
                Entry(name, meta["size"], _tag(meta)) for meta in [obstore.head(self._backend, self._path)]
            ]
        if self._uri.is_archive:
            return entries
        for suffix in _EXTERNAL:
            # Without the right to list, a missing object answers 403.
            with (
                contextlib.suppress(FileNotFoundError, PermissionDeniedError, UnauthenticatedError),
                self._explained(name + suffix, but_missing=True),
            ):
                meta = obstore.head(self._backend, self._path + suffix)
                entries.append(Entry(name + suffix, meta["size"], _tag(meta)))
        return entries

    def _entry(self, meta: "ObjectMeta") -> Entry:
        path = meta["path"].removeprefix(self._path).lstrip("/")
        return Entry(path, meta["size"], _tag(meta))

    def _key(self, path: str) -> str:
        if self._uri.is_file:
            return self._path + path.removeprefix(self._uri.name)
        return f"{self._path}/{path}" if self._path else path

    @contextlib.contextmanager
    def _explained(self, path: str = "", *, but_missing: bool = False) -> Iterator[None]:
        """Turn the client's errors into words; `but_missing` lets those of a missing object through."""
        shown = self._uri.shown
        try:
            yield
        except FileNotFoundError as error:
            if but_missing:
                raise
            what = f" (no {path})" if path and not self._uri.is_file else ""
            raise not_found(
                f"Nothing is found at {shown}{what}. Correct spec.model.uri, or put it there."
            ) from error
        except PreconditionError as error:
            raise source_changed(shown, f"another {path} stands") from error
        except (PermissionDeniedError, UnauthenticatedError) as error:
            if but_missing:
                raise
            raise forbidden(shown, said(error), self._cloud.needs, self._cloud.right) from error
        except (BaseError, ValueError) as error:
            raise explain(error, shown, self._cloud) from error


def _tag(meta: "ObjectMeta") -> str:
    tag = meta["e_tag"]
    if not tag:
        return f"modified:{meta['last_modified'].isoformat()}"
    # Azure's listing has tags without the quotes that its answers to a single object have.
    return tag if tag.endswith('"') else f'"{tag}"'
