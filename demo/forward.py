"""A port-forward that is ready when the context is entered."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from demo.kubectl import Kubectl
from demo.shell import CommandError


@contextmanager
def port_forward(kubectl: Kubectl, resource: str, namespace: str, port: int) -> Iterator[str]:
    """`http://127.0.0.1:PORT` of `resource`'s `port` while the context lasts.

    Raises:
        CommandError: kubectl could not forward.
    """
    command = [*kubectl.command, "port-forward", "-n", namespace, resource, f":{port}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"127\.0\.0\.1:(\d+)", line)
        if found is None:
            raise CommandError(f"`{' '.join(command)}` failed: {line.strip()}")
        yield f"http://127.0.0.1:{found.group(1)}"
    finally:
        process.terminate()
        process.wait(timeout=10)
