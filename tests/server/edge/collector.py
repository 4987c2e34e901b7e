"""A web server that takes what is posted to it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Collector:
    """What was posted, and how the next posts are answered."""

    def __init__(self) -> None:
        self.url = ""
        self.posts: list[tuple[str, str, bytes]] = []
        self.codes: list[int] = []
        self.hold = threading.Event()
        self.hold.set()


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on 127.0.0.1."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.hold.wait(30)
            code = collector.codes.pop(0) if collector.codes else 200
            if code == 200:
                collector.posts.append((self.path, self.headers["Content-Type"], body))
            self.send_response(code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield collector
    finally:
        collector.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()
