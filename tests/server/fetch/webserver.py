"""A web server of the tests: real sockets, ETags, ranges and conditions, and faults on demand."""

import hashlib
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit


@dataclass
class Page:
    """What stands under a path.

    Attributes:
        content: The bytes.
        etag: With its quotes; None: a strong one of the content; empty: none.
        content_type: The type.
        modified: `Last-Modified`; empty: none.
        status: Another status than 200, with the content as its body.
        cuts: After how many bytes of a body the connection ends, one number a request.
        ranges: Whether ranges are heeded.
        claimed: A length that is claimed instead of the real one.
        headers: More headers.
        token: The bearer token that is asked for.
    """

    content: bytes = b""
    etag: str | None = None
    content_type: str = "application/octet-stream"
    modified: str = ""
    status: int = 200
    cuts: list[int] = field(default_factory=list)
    ranges: bool = True
    claimed: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    token: str = ""

    def tag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()[:32]}"' if self.etag is None else self.etag


@dataclass
class Request:
    path: str
    query: str
    headers: dict[str, str]


class WebServer:
    """Serves `pages` by path; `answer` is asked for all other paths; `requests` is what came."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.pages: dict[str, Page] = {}
        self.requests: list[Request] = []
        self.answer: Callable[[Request], Page | None] = lambda _request: None
        self.before: Callable[[Request], None] = lambda _request: None

    def put(self, path: str, content: bytes) -> Page:
        self.pages[path] = page = Page(content)
        return page

    def ranges_asked(self, path: str) -> list[str]:
        """The ranges of the requests for a path, without the one-byte probes."""
        asked = [request.headers.get("range", "") for request in self.requests if request.path == path]
        return [value for value in asked if value != "bytes=0-0"]

    def find(self, request: Request) -> Page:
        self.requests.append(request)
        self.before(request)
        return self.pages.get(request.path) or self.answer(request) or Page(b"no such page", status=404)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    web: WebServer

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        page = self.web.find(Request(split.path, split.query, headers))
        if page.token and headers.get("authorization") != f"Bearer {page.token}":
            page = Page(b"who are you", status=401)
        condition = headers.get("if-match")
        if page.status == 200 and condition is not None and condition != page.tag():
            page = Page(b"", status=412)
        wanted = re.match(r"bytes=(\d+)-(\d*)$", headers.get("range", ""))
        start, end = 0, len(page.content)
        partial = page.status == 200 and page.ranges and wanted is not None
        if partial and wanted is not None:
            start = int(wanted.group(1))
            if wanted.group(2):
                end = min(end, int(wanted.group(2)) + 1)
            if start >= len(page.content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(page.content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
        self.send_response(206 if partial else page.status)
        total = page.claimed or len(page.content)
        if partial:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{total}")
        self.send_header("Content-Length", str(page.claimed if page.claimed and not partial else end - start))
        self.send_header("Content-Type", page.content_type)
        if page.tag():
            self.send_header("ETag", page.tag())
        if page.modified:
            self.send_header("Last-Modified", page.modified)
        for name, value in page.headers.items():
            self.send_header(name, value)
        self.end_headers()
        body = page.content[start:end]
        if page.cuts and len(body) > 1:
            self.wfile.write(body[: page.cuts.pop(0)])
            self.close_connection = True
            return
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.do_GET()

    def handle(self) -> None:
        # A client that has what it wanted, or gives up, just closes.
        with suppress(ConnectionError, ssl.SSLError):
            super().handle()

    def log_message(self, *args: object) -> None:
        return


@contextmanager
def serving(tls: tuple[Path, Path] | None = None) -> Iterator[WebServer]:
    """Run a server on a free port of 127.0.0.1; `tls` is a certificate and its key."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    web = WebServer(f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}")
    handler.web = web
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
