"""Reading one URL over HTTP: its size and tag, and its bytes from an offset on."""

import contextlib
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import httpx2

from modelyard_server.fetch.errors import (
    excerpt,
    forbidden,
    internal,
    not_found,
    source_changed,
    unreachable,
    without_signatures,
)
from modelyard_server.report import SourceError

_TIMEOUT: Final = httpx2.Timeout(30.0, connect=10.0)
_TOTAL: Final = re.compile(r"bytes\s+(?:\d+-\d+|\*)/(\d+)")
_RANGE_START: Final = re.compile(r"bytes\s+(\d+)-")
_ERROR_BODY: Final = 16_384
_RETRIED: Final = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Found:
    """What a server says of a URL.

    Attributes:
        size: Bytes of the content.
        tag: The ETag, else `modified:` and the date of change, else empty.
        content_type: Without parameters, lower case.
    """

    size: int
    tag: str
    content_type: str


class HttpReader:
    """A client for one source.

    Args:
        headers: Sent with every request; `Authorization` does not follow a redirect to another host.
        allow_http: Whether plain http may be asked, or redirected to.
        needs: The keys that the Secret must hold, for the message on a refusal.
        auth: How to answer the server where it asks who we are; None: `headers` say it.
    """

    def __init__(
        self, *, headers: Mapping[str, str], allow_http: bool, needs: str, auth: httpx2.Auth | None = None
    ) -> None:
        self._needs = needs
        self._allow_http = allow_http
        self._client = httpx2.Client(
            # Compressed bytes have another length than the one listed, and no ranges.
            headers={"User-Agent": "modelyard", **headers, "Accept-Encoding": "identity"},
            auth=auth,
            follow_redirects=True,
            timeout=_TIMEOUT,
            event_hooks={"request": [self._refuse_plain_http]},
        )

    def probe(self, url: str) -> Found | None:
        """Ask for a URL's size and tag.

        It asks by GET for one byte, since a signed URL is valid for one method alone and some servers
        refuse HEAD.

        Returns:
            None where the server answers 404 or 410.

        Raises:
            SourceError: Forbidden, StoreUnreachable, or InternalError where the server tells no length.
        """
        with self._get(url, {"Range": "bytes=0-0"}) as response:
            if response.status_code in {404, 410}:
                return None
            if response.status_code == 416:
                total = _TOTAL.match(response.headers.get("Content-Range", ""))
                return Found(int(total.group(1)) if total else 0, _tag(response), _content_type(response))
            self._raise_for_status(response, url)
            if response.status_code == 206:
                total = _TOTAL.match(response.headers.get("Content-Range", ""))
                length = total.group(1) if total else None
            else:
                length = response.headers.get("Content-Length")
            if length is None or not length.isdigit():
                raise internal(
                    f"The server does not say how long {without_signatures(url)} is. Put the file on one "
                    "that sends Content-Length."
                )
            return Found(int(length), _tag(response), _content_type(response))

    def read(self, url: str, offset: int, tag: str = "") -> Iterator[bytes]:
        """Read a URL's bytes from an offset on.

        Args:
            url: The URL.
            offset: The first byte wanted.
            tag: What `probe` said; the content must still have it. Empty: not checked.

        Raises:
            SourceError: SourceChanged, NotFound, Forbidden or StoreUnreachable.
        """
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        if tag.startswith('"'):
            # A weak tag never matches If-Match (RFC 9110, 13.1.1), so it is compared with the answer's alone.
            headers["If-Match"] = tag
        with self._get(url, headers) as response:
            if response.status_code == 412:
                raise source_changed(without_signatures(url), "another file stands")
            if response.status_code == 416:
                raise source_changed(without_signatures(url), "a shorter file stands")
            self._raise_for_status(response, url)
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise internal(
                    f"The server sends {without_signatures(url)} compressed though it was asked not to; "
                    "store the file without a Content-Encoding."
                )
            if tag and _tag(response) != tag:
                raise source_changed(without_signatures(url), "another file stands")
            start = _RANGE_START.match(response.headers.get("Content-Range", ""))
            reached = int(start.group(1)) if response.status_code == 206 and start else 0
            # A server that ignores the range sends everything again: what is there already is passed over.
            skip = offset - reached
            if skip < 0:
                raise unreachable(
                    f"The server sent another range of {without_signatures(url)} than it was asked for."
                )
            with self._explained(url):
                # As they arrive: what is gathered into larger pieces first is lost with the connection.
                for chunk in response.iter_raw():
                    if skip >= len(chunk):
                        skip -= len(chunk)
                        continue
                    yield chunk[skip:] if skip else chunk
                    skip = 0

    def sha256(self, url: str) -> str:
        """Read all of a URL for its hash, where the server gives nothing to tell a change by."""
        hasher = hashlib.sha256()
        for chunk in self.read(url, 0):
            hasher.update(chunk)
        return hasher.hexdigest()

    @contextlib.contextmanager
    def _get(self, url: str, headers: Mapping[str, str]) -> Iterator[httpx2.Response]:
        with contextlib.ExitStack() as stack:
            with self._explained(url):
                response = stack.enter_context(self._client.stream("GET", url, headers=dict(headers)))
            yield response

    @contextlib.contextmanager
    def _explained(self, url: str) -> Iterator[None]:
        """Turn the client's errors into StoreUnreachable or InvalidURI."""
        shown = without_signatures(url)
        try:
            yield
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise not_found(f"{shown} can't be asked for: {excerpt(str(error))}. Correct the URI.") from error
        except httpx2.TimeoutException as error:
            raise unreachable(f"{shown} gave no answer in time ({type(error).__name__}).") from error
        except httpx2.TooManyRedirects as error:
            raise not_found(f"{shown} redirects without end. Write the URL of the file itself.") from error
        except httpx2.HTTPError as error:
            said = excerpt(str(error)) or type(error).__name__
            raise unreachable(f"{shown} could not be read: {said}.") from error

    def _raise_for_status(self, response: httpx2.Response, url: str) -> None:
        status = response.status_code
        if status in {200, 206}:
            return
        shown = without_signatures(url)
        if status in {404, 410}:
            raise not_found(
                f"Nothing is found at {shown} (HTTP {status}). Correct spec.model.uri, or put it there."
            )
        if status in {401, 403}:
            raise forbidden(shown, f"HTTP {status}", self._needs)
        body = self._error_body(response)
        detail = f"HTTP {status}" + (f": {excerpt(body)}" if body else "")
        if status >= 500 or status in _RETRIED:
            raise unreachable(f"The server has a fault of its own at {shown} ({detail}).")
        raise internal(f"The server answered {shown} in a way that can't be used ({detail}).")

    def _error_body(self, response: httpx2.Response) -> str:
        body = b""
        with contextlib.suppress(httpx2.HTTPError):
            for chunk in response.iter_bytes(_ERROR_BODY):
                body += chunk
                if len(body) >= _ERROR_BODY:
                    break
        return body.decode(errors="replace")

    def _refuse_plain_http(self, request: httpx2.Request) -> None:
        if request.url.scheme == "http" and not self._allow_http:
            raise _plain_http(str(request.url))


def _plain_http(url: str) -> SourceError:
    return forbidden(
        without_signatures(url),
        "the server leads to plain http, which anyone on the way could change",
        "an https: URI",
    )


def _tag(response: httpx2.Response) -> str:
    etag = str(response.headers.get("ETag", ""))
    if etag:
        return etag
    modified = response.headers.get("Last-Modified")
    return f"modified:{modified}" if modified else ""


def _content_type(response: httpx2.Response) -> str:
    return str(response.headers.get("Content-Type", "")).partition(";")[0].strip().lower()
