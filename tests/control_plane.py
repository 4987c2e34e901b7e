"""A bare control plane, etcd and kube-apiserver, of the test session's own: on free ports of 127.0.0.1."""

import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import httpx
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from devcluster.build import TOOLS, Builder
from devcluster.config import Settings
from devcluster.ui import Ui
from tests.ports import free_port
from tests.tools import kubectl

ADMIN = "admin"
START_SECONDS = 120


def wait_until(condition: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.05)


class ControlPlane:
    """Start it with `start`, end it with `stop`; its data live in `folder`."""

    def __init__(self, folder: Path, users: Iterable[str] = ()) -> None:
        """`users`: they get a token each, and no right but what RBAC gives them; ADMIN has all rights."""
        self.folder = folder
        self._tokens = {user: secrets.token_hex(16) for user in (ADMIN, *users)}
        self._etcd_port, self._etcd_peer_port, self._port = free_port(), free_port(), free_port()
        self._etcd: subprocess.Popen[bytes] | None = None
        self._api: subprocess.Popen[bytes] | None = None
        self._tools = Builder(Settings.from_environment(), Ui()).ensure(
            [TOOLS["etcd"], TOOLS["kube-apiserver"]]
        )

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._port}"

    @property
    def ca_file(self) -> Path:
        return self.folder / "certs" / "apiserver.crt"

    def token(self, user: str = ADMIN) -> str:
        return self._tokens[user]

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        (self.folder / "sa.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
        )
        rows = [
            f"{token},{user},{user}{',system:masters' * (user == ADMIN)}"
            for user, token in self._tokens.items()
        ]
        (self.folder / "tokens.csv").write_text("\n".join(rows) + "\n")
        peer = f"http://127.0.0.1:{self._etcd_peer_port}"
        self._etcd = self._spawn(
            "etcd",
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={self.etcd_url}",
            f"--advertise-client-urls={self.etcd_url}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
        )
        wait_until(lambda: self._answers(f"{self.etcd_url}/health", self._etcd, "etcd"), "etcd")
        self.start_api()

    @property
    def etcd_url(self) -> str:
        return f"http://127.0.0.1:{self._etcd_port}"

    def start_api(self) -> None:
        self._api = self._spawn(
            "kube-apiserver",
            f"--etcd-servers={self.etcd_url}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._port}",
            f"--cert-dir={self.folder / 'certs'}",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self.folder / 'sa.key'}",
            f"--service-account-signing-key-file={self.folder / 'sa.key'}",
            # No controller manager makes service accounts here.
            "--disable-admission-plugins=ServiceAccount",
            "--endpoint-reconciler-type=none",
            "--etcd-compaction-interval=0",
        )
        wait_until(lambda: self._answers(f"{self.url}/readyz", self._api, "kube-apiserver"), "the API server")

    def stop_api(self) -> None:
        _end(self._api)
        self._api = None

    def stop(self) -> None:
        self.stop_api()
        _end(self._etcd)
        self._etcd = None

    def compact(self) -> None:
        """Forget every past revision in etcd: watches that resume from one are answered 410."""
        with httpx.Client(base_url=self.etcd_url) as etcd:
            revision = etcd.post("/v3/kv/range", json={"key": "AA=="}).json()["header"]["revision"]
            etcd.post("/v3/kv/compaction", json={"revision": revision, "physical": True}).raise_for_status()

    def client(self, user: str = ADMIN) -> httpx.Client:
        return httpx.Client(
            base_url=self.url,
            verify=False,
            headers={"Authorization": f"Bearer {self.token(user)}"},
            timeout=30,
        )

    def kubeconfig(self, user: str = ADMIN) -> Path:
        path = self.folder / f"{user}.kubeconfig"
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": user}}],
            "clusters": [
                {
                    "name": "test",
                    "cluster": {"server": self.url, "certificate-authority": str(self.ca_file)},
                }
            ],
            "users": [{"name": user, "user": {"token": self.token(user)}}],
        }
        path.write_text(yaml.safe_dump(content))
        path.chmod(0o600)
        return path

    def kubectl(self, *args: str, stdin: Any = None, user: str = ADMIN) -> "subprocess.CompletedProcess[str]":
        """Run kubectl; `stdin` is text, or a value that is sent as JSON (a list of objects as a List)."""
        if stdin is not None and not isinstance(stdin, str):
            if isinstance(stdin, list):
                stdin = {"apiVersion": "v1", "kind": "List", "items": stdin}
            stdin = json.dumps(stdin)
        return subprocess.run(
            [kubectl(), f"--kubeconfig={self.kubeconfig(user)}", *args],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"KUBECACHEDIR": str(self.folder / "kubectl-cache")},
        )

    def _spawn(self, tool: str, *args: str) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{tool}.log").open("ab") as log:
            return subprocess.Popen([str(self._tools[tool]), *args], stdout=log, stderr=log, cwd=self.folder)

    def _answers(self, url: str, process: "subprocess.Popen[bytes] | None", name: str) -> bool:
        if process is None or process.poll() is not None:
            tail = (self.folder / f"{name}.log").read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{name} ended:\n{tail}")
        try:
            answer = httpx.get(
                url, verify=False, timeout=2, headers={"Authorization": f"Bearer {self.token()}"}
            )
        except httpx.TransportError:
            return False
        return answer.status_code == 200


def _end(process: "subprocess.Popen[bytes] | None") -> None:
    if process is not None and process.poll() is None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
