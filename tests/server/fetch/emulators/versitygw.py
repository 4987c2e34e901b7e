"""versitygw, a real S3 server over a folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import obstore
from obstore.store import S3Store

from devcluster.build import TOOLS, Builder
from devcluster.config import Settings
from devcluster.ui import Ui
from tests.ports import free_port
from tests.server.fetch.emulators.process import running

ACCESS_KEY = "test-access"
SECRET_KEY = "test-secret-key"


@contextmanager
def s3_server(folder: Path) -> Iterator[str]:
    """Build it where the cache lacks it, and run it until the end of the block; its address is given."""
    program = Builder(Settings.from_environment(), Ui()).ensure([TOOLS["versitygw"]])["versitygw"]
    port = free_port()
    environ = {"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY}
    with running([program, "--port", f"127.0.0.1:{port}", "posix", folder], port, environ):
        yield f"http://127.0.0.1:{port}"


@dataclass
class S3:
    """A bucket on versitygw."""

    ENDPOINT: ClassVar = "AWS_ENDPOINT_URL"
    CONSENT: ClassVar = "AWS_ALLOW_HTTP"

    endpoint: str
    bucket: str
    store: S3Store
    folder: Path

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}"

    @property
    def environ(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
        }

    def put(self, key: str, content: bytes) -> None:
        obstore.put(self.store, key, content)

    def delete(self, key: str) -> None:
        obstore.delete(self.store, key)


def s3_bucket(endpoint: str, root: Path, name: str) -> S3:
    """Make a bucket in the folder that the server runs over."""
    (root / name).mkdir()
    store = S3Store(
        name,
        endpoint=endpoint,
        access_key_id=ACCESS_KEY,
        secret_access_key=SECRET_KEY,
        region="us-east-1",
        client_options={"allow_http": True},
    )
    return S3(endpoint, name, store, root / name)
