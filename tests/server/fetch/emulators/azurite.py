"""Azurite, Microsoft's emulator of Azure blob storage."""

import base64
import hashlib
import hmac
import shutil
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import obstore
from obstore.store import AzureStore

from devcluster.config import Settings
from devcluster.lock import exclusive
from images import packages
from tests.ports import free_port
from tests.server.fetch.emulators.process import direct, running

AZURITE = Path(__file__).parents[1] / "azurite"
"""Its lock. What it would need for telemetry and for SQL databases is replaced by nothing."""

ACCOUNT = "devstoreaccount1"
"""Azurite's own account, and its key, which is no secret."""
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

_API = "2021-12-02"


def azurite() -> list[str]:
    """The command of Azurite, Microsoft's emulator of Azure blob storage, installed where the cache lacks it.

    Raises:
        ImageError: there is no Node and apt may not be used here; the message says what to install.
    """
    if shutil.which("npm") is None:
        log = Path(tempfile.gettempdir()) / "modelyard-packages.log"
        packages.ensure({"node": "nodejs", "npm": "npm"}, purpose="run the tests", log=log)
    version = hashlib.sha256((AZURITE / "package-lock.json").read_bytes()).hexdigest()[:12]
    directory = Settings.from_environment().cache_dir / f"azurite-{version}"
    ready = directory / ".ready"
    with exclusive(directory.with_suffix(".lock"), waiting=print):
        if not ready.exists():
            shutil.rmtree(directory, ignore_errors=True)
            shutil.copytree(AZURITE, directory)
            install = [
                "npm",
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--omit=dev",
                "--omit=optional",
            ]
            subprocess.run(install, cwd=directory, check=True, capture_output=True)
            ready.touch()
    main = directory / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
    return ["node", str(main), "--silent", "--disableTelemetry", "--inMemoryPersistence"]


@contextmanager
def azure_server() -> Iterator[str]:
    """Run it until the end of the block; its address is given."""
    port = free_port()
    command = [*azurite(), "--blobHost", "127.0.0.1", "--blobPort", str(port), "--skipApiVersionCheck"]
    with running(command, port):
        yield f"http://127.0.0.1:{port}/{ACCOUNT}"


@dataclass
class Azure:
    """A container on Azurite."""

    ENDPOINT: ClassVar = "AZURE_STORAGE_ENDPOINT"
    CONSENT: ClassVar = "AZURE_ALLOW_HTTP"

    endpoint: str
    container: str
    store: AzureStore

    @property
    def uri(self) -> str:
        return f"az://{self.container}"

    @property
    def environ(self) -> dict[str, str]:
        return {
            "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": ACCOUNT_KEY,
            "AZURE_STORAGE_ENDPOINT": self.endpoint,
            "AZURE_ALLOW_HTTP": "true",
        }

    def put(self, key: str, content: bytes) -> None:
        obstore.put(self.store, key, content)

    def delete(self, key: str) -> None:
        obstore.delete(self.store, key)

    def sas(self) -> str:
        """A shared access signature to read and list, for this container and an hour
        (https://learn.microsoft.com/rest/api/storageservices/create-service-sas)."""
        expiry = datetime.fromtimestamp(time.time() + 3600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        resource = f"/blob/{ACCOUNT}/{self.container}"
        # Begin, identifier, address, protocol, five headers and more are left open, each a line of its own.
        signed = ["rl", "", expiry, resource, "", "", "", _API, "c", "", "", "", "", "", "", ""]
        query = {"sp": "rl", "se": expiry, "sv": _API, "sr": "c", "sig": _sign("\n".join(signed))}
        return urllib.parse.urlencode(query)


def azure_container(endpoint: str, name: str) -> Azure:
    """Make a container: the client that reads models makes none."""
    date = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    headers = f"x-ms-date:{date}\nx-ms-version:{_API}\n"
    signed = f"PUT{chr(10) * 12}{headers}/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
    request = urllib.request.Request(
        f"{endpoint}/{name}?restype=container",
        method="PUT",
        headers={
            "x-ms-date": date,
            "x-ms-version": _API,
            "Authorization": f"SharedKey {ACCOUNT}:{_sign(signed)}",
        },
    )
    direct(request)
    store = AzureStore(
        name,
        account_name=ACCOUNT,
        account_key=ACCOUNT_KEY,
        endpoint=endpoint,
        client_options={"allow_http": True},
    )
    return Azure(endpoint, name, store)


def _sign(text: str) -> str:
    digest = hmac.new(base64.b64decode(ACCOUNT_KEY), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
