"""CNCF's Distribution, the reference registry, and ORAS, by which people put files into one."""

import base64
import contextlib
import io
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import oras.client
import yaml

from tests import tools
from tests.ports import free_port
from tests.server.fetch.emulators.process import LOOPBACK, running

USERNAME = "reader"
PASSWORD = "test-password"
# bcrypt of the password, at the least cost.
_HTPASSWD = f"{USERNAME}:$2b$04$5ci99A49AUISa4hCmO0uM.YdUqq6Bj0wnChf7A6KPBok6rGJ6sce2\n"
_TITLE = "org.opencontainers.image.title"


@dataclass(frozen=True)
class Registry:
    """A registry of a test's own.

    Attributes:
        host: With its port.
        login: Whether it asks for `USERNAME` and `PASSWORD`.
    """

    host: str
    login: bool = False

    def push(self, reference: str, folder: Path, *names: str) -> str:
        """Push files of a folder as one artifact, by ORAS, each by its path in the folder.

        Returns:
            The manifest's digest.
        """
        client = oras.client.OrasClient(insecure=True, auth_backend="basic")
        if self.login:
            client.auth.set_basic_auth(USERNAME, PASSWORD)
        with (
            tempfile.NamedTemporaryFile("w") as titles,
            contextlib.chdir(folder),
            contextlib.redirect_stdout(io.StringIO()),
        ):
            json.dump({name: {_TITLE: name} for name in names}, titles)
            titles.flush()
            answer = client.push(f"{self.host}/{reference}", files=list(names), annotation_file=titles.name)
        return answer.headers["Docker-Content-Digest"]

    def put_manifest(self, reference: str, manifest: Mapping[str, Any]) -> None:
        """Store a manifest, of whatever kind, whose blobs are there."""
        repository, _, tag = reference.rpartition(":")
        headers = {"Content-Type": manifest["mediaType"]}
        url = f"http://{self.host}/v2/{repository}/manifests/{tag}"
        httpx.put(url, content=json.dumps(manifest), headers=headers, trust_env=False).raise_for_status()

    def manifest(self, reference: str) -> dict[str, Any]:
        """A manifest that is stored."""
        repository, _, tag = reference.rpartition(":")
        headers = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
        url = f"http://{self.host}/v2/{repository}/manifests/{tag}"
        found: dict[str, Any] = httpx.get(url, headers=headers, trust_env=False).raise_for_status().json()
        return found


def docker_config(host: str, username: str = USERNAME, password: str = PASSWORD) -> str:
    """What `kubectl create secret docker-registry` puts into a Secret."""
    auth = base64.b64encode(f"{username}:{password}".encode()).decode()
    return json.dumps({"auths": {host: {"username": username, "password": password, "auth": auth}}})


@contextmanager
def registry(
    folder: Path, auth: Mapping[str, Any] | None = None, address: str = LOOPBACK
) -> Iterator[Registry]:
    """Run a registry that keeps its content in memory until the end of the block.

    Args:
        folder: Where its settings go.
        auth: How it asks who somebody is; None: it does not.
        address: Of this machine.
    """
    port = free_port()
    settings = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"inmemory": {}},
        "http": {"addr": f"{address}:{port}"},
        **({"auth": auth} if auth else {}),
    }
    file = folder / "registry.yaml"
    file.write_text(yaml.safe_dump(settings))
    with running([tools.docker_registry(), "serve", file], port, address=address):
        yield Registry(f"{address}:{port}", login=auth is not None)


@contextmanager
def registry_with_passwords(folder: Path, address: str = LOOPBACK) -> Iterator[Registry]:
    """Run one that knows `USERNAME` alone."""
    file = folder / "htpasswd"
    file.write_text(_HTPASSWD)
    with registry(folder, {"htpasswd": {"realm": "test", "path": os.fspath(file)}}, address) as found:
        yield found
