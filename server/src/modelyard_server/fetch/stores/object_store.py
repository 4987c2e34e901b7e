"""Object stores: a prefix of a bucket, or one object of it."""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import obstore
from obstore.exceptions import (
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import S3Store

from modelyard_server.fetch.errors import excerpt, forbidden, internal, not_found, source_changed, unreachable
from modelyard_server.fetch.pin import manifest
from modelyard_server.fetch.stores.base import MOST_FILES, Entry, StoreContext
from modelyard_server.fetch.uri import ModelUri, invalid
from modelyard_server.report import SourceError

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta

CHUNK: Final = 1 << 20

S3_VARIABLES: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_METADATA_ENDPOINT",
    "AWS_SKIP_SIGNATURE",
    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
    "AWS_REQUEST_PAYER",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)
"""The variables of the AWS SDKs that are heeded, besides AWS_CA_BUNDLE and AWS_ALLOW_HTTP."""

_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_STATUS: Final = re.compile(r"status code: (\d{3})")
_CAUSE: Final = re.compile(r'(?:message|error): "([^"]{1,200})"|InvalidCertificate\(\s*(\w+)')
_RETRIED: Final = frozenset({408, 409, 425, 429})
# What the client asks for credentials where none are set: instance, container and pod metadata.
_METADATA_SERVICES: Final = ("/latest/api/token", "/latest/meta-data/", "169.254.170.2", "fd00:ec2::")
_EXTERNAL: Final = ("_data", ".data")


def s3(uri: ModelUri, context: StoreContext) -> "ObjectStore":
    """Open `s3://bucket/prefix` on AWS or whatever AWS_ENDPOINT_URL names.

    Raises:
        SourceError: InvalidURI: no bucket, or an endpoint that is no URL.
    """
    if not uri.authority:
        raise invalid("The s3 URI names no bucket; write s3://bucket/prefix.")
    environ = context.environ
    for name in _ENDPOINTS:
        endpoint = environ.get(name, "")
        if endpoint and not endpoint.startswith(("https://", "http://")):
            raise invalid(
                f"{name} in the Secret must be a URL such as https://s3.example.org, not {endpoint!r}."
            )
    if bool(environ.get("AWS_ACCESS_KEY_ID")) != bool(environ.get("AWS_SECRET_ACCESS_KEY")):
        raise invalid(
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together; the Secret holds only one of them."
        )
    config: dict[str, Any] = {name.lower(): environ[name] for name in S3_VARIABLES if environ.get(name)}
    client: dict[str, Any] = {
        # The body of a large file may take hours; a stalled connection is told by the time between two reads.
        "timeout": timedelta(days=1),
        "connect_timeout": timedelta(seconds=10),
        "read_timeout": timedelta(seconds=30),
        "allow_http": _is_true(environ, "AWS_ALLOW_HTTP"),
    }
    bundle = environ.get("AWS_CA_BUNDLE")
    if bundle:
        try:
            client["root_certificate"] = Path(bundle).read_bytes()
        except OSError as error:
            raise invalid(f"AWS_CA_BUNDLE names {bundle}, which can't be read: {error.strerror}.") from error
    try:
        backend = S3Store(
            uri.authority,
            config=config,  # type: ignore[arg-type]  # S3Config names the same keys without their prefix too
            client_options=client,  # type: ignore[arg-type]
            # One place tries again, and it is `retry`, which logs each try.
            retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=60)},
        )
    except (BaseError, ValueError) as error:
        raise invalid(f"The settings for {uri.shown} can't be used: {_first_line(error)}") from error
    return ObjectStore(
        uri, backend, needs="AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", anonymous="AWS_SKIP_SIGNATURE=true"
    )


class ObjectStore:
    """A bucket of any cloud; see the protocol in `base`.

    Args:
        uri: `scheme://bucket/prefix`.
        backend: The bucket.
        needs: The keys of a Secret with credentials for it.
        anonymous: The key and value that ask without any.
    """

    def __init__(self, uri: ModelUri, backend: S3Store, *, needs: str, anonymous: str) -> None:
        self._uri = replace(uri, pin=None)
        self._backend = backend
        self._needs = needs
        self._anonymous = anonymous

    def entries(self) -> Sequence[Entry]:
        """List all objects below the prefix, or the one object with its external data."""
        if self._uri.is_file:
            return self._list_object()
        entries: list[Entry] = []
        with self._explained():
            for chunk in obstore.list(self._backend, prefix=self._uri.path or None):
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
            # Not every S3 heeds If-Match, and objects without an ETag are told by their time alone.
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
                Entry(name, meta["size"], _tag(meta))
                for meta in [obstore.head(self._backend, self._uri.path)]
            ]
        if self._uri.is_archive:
            return entries
        for suffix in _EXTERNAL:
            # Without the right to list, a missing object answers 403.
            with (
                contextlib.suppress(FileNotFoundError, PermissionDeniedError, UnauthenticatedError),
                self._explained(name + suffix, but_missing=True),
            ):
                meta = obstore.head(self._backend, self._uri.path + suffix)
                entries.append(Entry(name + suffix, meta["size"], _tag(meta)))
        return entries

    def _entry(self, meta: "ObjectMeta") -> Entry:
        path = meta["path"].removeprefix(self._uri.path).lstrip("/")
        return Entry(path, meta["size"], _tag(meta))

    def _key(self, path: str) -> str:
        if self._uri.is_file:
            return self._uri.path + path.removeprefix(self._uri.name)
        return f"{self._uri.path}/{path}" if self._uri.path else path

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
            raise forbidden(shown, _said(error), self._needs) from error
        except (BaseError, ValueError) as error:
            raise self._generic(error) from error

    def _generic(self, error: Exception) -> SourceError:
        """Tell the errors for which the client has no class of their own by their text."""
        shown, line = self._uri.shown, _first_line(error)
        if any(service in line for service in _METADATA_SERVICES):
            return forbidden(
                shown,
                "no credentials are set, and the node offers none",
                f"{self._needs}, or for a public bucket {self._anonymous},",
            )
        if "incorrectly configured region" in line:
            return invalid(f"The bucket of {shown} is in another region. Put AWS_REGION in the Secret.")
        if "URL scheme is not allowed" in str(error) or "BadScheme" in str(error):
            return invalid(
                f"The endpoint for {shown} is plain http, which anyone on the way could change. Use https, "
                "or put AWS_ALLOW_HTTP=true in the Secret."
            )
        matched = _STATUS.search(line)
        if matched is not None:
            return self._status(int(matched.group(1)), _said(error))
        return unreachable(f"The store of {shown} can't be reached ({_cause(error)}).")

    def _status(self, status: int, said: str) -> SourceError:
        shown = self._uri.shown
        if status in {401, 403}:
            return forbidden(shown, said, self._needs)
        if status == 404:
            return not_found(f"Nothing is found at {shown} ({said}). Correct spec.model.uri.")
        if status < 500 and status not in _RETRIED:
            return internal(f"The store answered {shown} with HTTP {status} ({said}).")
        return unreachable(f"The store of {shown} has a fault of its own (HTTP {status}: {said}).")


def _tag(meta: "ObjectMeta") -> str:
    return meta["e_tag"] or f"modified:{meta['last_modified'].isoformat()}"


def _first_line(error: Exception) -> str:
    # Below its first paragraph the client prints its inner state.
    return str(error)[:20_000].partition("\n\nDebug source")[0]


def _cause(error: Exception) -> str:
    # The operating system's words stand only in the client's inner state.
    matched = _CAUSE.search(str(error)[:20_000])
    if matched is None:
        return _said(error)
    return matched.group(1) or f"its certificate is refused: {matched.group(2)}"


def _said(error: Exception) -> str:
    line = _first_line(error)
    # "Generic S3 error: Error performing GET URL in 2ms - what happened": the last part is for people.
    return excerpt(line.partition(" - ")[2] or line)


def _is_true(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").lower() in {"1", "true", "yes"}
