"""A server as a process of a test's own: begun on a free port, and ended."""

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

LOOPBACK = "127.0.0.1"


@contextmanager
def running(
    command: Sequence[str | Path],
    port: int,
    environ: Mapping[str, str] | None = None,
    address: str = LOOPBACK,
) -> Iterator[None]:
    """Run a server until the end of the block; it is entered when the port answers."""
    process = subprocess.Popen(
        command,
        env={**os.environ, **(environ or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection((address, port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, f"{command[0]} ended at its start"
                assert time.monotonic() < deadline, f"{command[0]} does not answer"
                time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(10)


def direct(request: urllib.request.Request) -> None:
    """Ask a server of the tests, past any proxy that the machine has."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        answer.read()
