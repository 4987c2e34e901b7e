"""fake-gcs-server, an emulator of Google Cloud Storage."""

import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from devcluster.build import TOOLS, Builder
from devcluster.config import Settings
from devcluster.ui import Ui
from tests.ports import free_port
from tests.server.fetch.emulators.process import direct, running


@contextmanager
def gcs_server() -> Iterator[str]:
    """Build it where the cache lacks it, and run it until the end of the block; its address is given."""
    program = Builder(Settings.from_environment(), Ui()).ensure([TOOLS["fake-gcs-server"]])["fake-gcs-server"]
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [program, "-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-backend", "memory"]
    with running([*command, "-public-host", f"127.0.0.1:{port}", "-external-url", url], port):
        yield url


@dataclass
class Gcs:
    """A bucket on fake-gcs-server."""

    ENDPOINT: ClassVar = "GOOGLE_BASE_URL"
    CONSENT: ClassVar = "GOOGLE_ALLOW_HTTP"

    endpoint: str
    bucket: str

    @property
    def uri(self) -> str:
        return f"gs://{self.bucket}"

    @property
    def environ(self) -> dict[str, str]:
        return {
            "GOOGLE_BASE_URL": self.endpoint,
            "GOOGLE_SKIP_SIGNATURE": "true",
            "GOOGLE_ALLOW_HTTP": "true",
        }

    def put(self, key: str, content: bytes) -> None:
        # The server lacks the part of the XML API that the client writes by.
        path = f"/upload/storage/v1/b/{self.bucket}/o?uploadType=media&name={_quoted(key)}"
        direct(urllib.request.Request(self.endpoint + path, data=content, method="POST"))

    def delete(self, key: str) -> None:
        path = f"/storage/v1/b/{self.bucket}/o/{_quoted(key)}"
        direct(urllib.request.Request(self.endpoint + path, method="DELETE"))


def gcs_bucket(endpoint: str, name: str) -> Gcs:
    """Make a bucket."""
    body = f'{{"name": "{name}"}}'.encode()
    headers = {"Content-Type": "application/json"}
    direct(urllib.request.Request(f"{endpoint}/storage/v1/b?project=p", data=body, headers=headers))
    return Gcs(endpoint, name)


def _quoted(key: str) -> str:
    return urllib.parse.quote(key, safe="")
