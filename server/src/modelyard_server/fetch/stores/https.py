"""Models on a web server: one ONNX file, an archive, or a folder whose well-known names are asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import unquote

from modelyard_server import contract
from modelyard_server.fetch import selection
from modelyard_server.fetch.errors import not_found
from modelyard_server.fetch.pin import manifest
from modelyard_server.fetch.stores.base import Entry, StoreContext
from modelyard_server.fetch.stores.http_client import Found, HttpReader
from modelyard_server.fetch.uri import ModelUri, invalid
from modelyard_server.report import SourceError

ENV_BEARER_TOKEN = "HTTP_BEARER_TOKEN"  # noqa: S105  (the name of a variable, not a token)
"""A key of the Secret: sent as `Authorization: Bearer`, to the URI's own host alone."""

_EXTERNAL = ("_data", ".data")


class HttpsStore:
    """A web server's files; see the protocol in `base`.

    Raises:
        SourceError: InvalidURI, where the URI names no host.
    """

    def __init__(self, uri: ModelUri, context: StoreContext) -> None:
        if not uri.authority:
            raise invalid("The https URI names no host; write https://host/path.")
        token = context.environ.get(ENV_BEARER_TOKEN, "")
        self._uri = replace(uri, pin=None)
        self._variant = context.variant
        self._reader = HttpReader(
            headers={"Authorization": f"Bearer {token}"} if token else {},
            allow_http=context.allow_http,
            needs=ENV_BEARER_TOKEN,
        )
        self._refusal: SourceError | None = None

    def entries(self) -> Sequence[Entry]:
        """List the file with its external data, or the well-known names that the folder has."""
        return self._list_file() if self._uri.is_file else self._list_folder()

    def pin(self, needed: Sequence[Entry]) -> str:
        """Pin by ETag, date of change or content, and size of the files needed."""
        return str(self._uri.pinned("manifest", manifest(needed)))

    def read(self, entry: Entry, offset: int = 0) -> Iterator[bytes]:
        """Read a file; the server must still give it the tag that was listed."""
        tag = "" if entry.sha256 is not None else entry.tag
        return self._reader.read(self._url(entry.path), offset, tag)

    def verified_in_place(self, entry: Entry) -> str | None:
        """Nothing is here yet."""
        del entry
        return None

    def _list_file(self) -> list[Entry]:
        name = unquote(self._uri.name)
        found = self._reader.probe(self._url(name))
        if found is None:
            raise not_found(
                f"Nothing is found at {self._uri.shown} (HTTP 404). Correct spec.model.uri, or put it there."
            )
        entries = [self._entry(name, found)]
        # A signature in the query holds for this one URL; and an archive has no external data beside it.
        if not self._uri.is_archive and not self._uri.query:
            entries += self._external_data(name)
        return entries

    def _list_folder(self) -> list[Entry]:
        self._refusal = None
        entries = self._existing(selection.probed_names(self._variant))
        description = next((entry for entry in entries if entry.path == selection.DESCRIPTION), None)
        if description is not None and description.size <= selection.SMALL_FILE_LIMIT:
            described = selection.read_description(b"".join(self.read(description)))
            known = {entry.path for entry in entries}
            entries += self._existing(
                [name for name in selection.declared_names(described) if name not in known]
            )
        for model in [entry.path for entry in entries if entry.path.endswith(".onnx")]:
            entries += self._external_data(model)
        if entries:
            return entries
        if self._refusal is not None:
            raise self._refusal
        raise not_found(
            f"None of the files that a model consists of is found below {self._uri.shown}/ (model.onnx, "
            "onnx/model.onnx, config.json, …). Write the URL of a folder, an .onnx file or an archive."
        )

    def _existing(self, names: Sequence[str]) -> list[Entry]:
        entries = []
        for name in names:
            try:
                found = self._reader.probe(self._url(name))
            except SourceError as error:
                if error.reason != contract.REASON_FORBIDDEN:
                    raise
                # Object stores behind a web address answer 403 for a missing file to whoever may not list.
                self._refusal = error
                continue
            # A web application answers every path with its page.
            if found is not None and found.content_type != "text/html":
                entries.append(self._entry(name, found))
        return entries

    def _external_data(self, model: str) -> list[Entry]:
        entries = self._existing([model + suffix for suffix in _EXTERNAL])
        number = 1
        while entries and (more := self._existing([f"{model}_data_{number}"])):
            entries += more
            number += 1
        return entries

    def _entry(self, path: str, found: Found) -> Entry:
        if found.tag:
            return Entry(path, found.size, found.tag)
        sha256 = self._reader.sha256(self._url(path))
        return Entry(path, found.size, f"sha256:{sha256}", sha256)

    def _url(self, path: str) -> str:
        base = f"{self._uri.scheme}://{self._uri.authority}/{self._uri.path}"
        query = f"?{self._uri.query}" if self._uri.query else ""
        if not self._uri.is_file:
            return f"{base.rstrip('/')}/{path}{query}"
        suffix = path.removeprefix(unquote(self._uri.name))
        return f"{base}{suffix}{query}"
