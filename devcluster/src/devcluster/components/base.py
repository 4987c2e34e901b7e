"""What a daemon of the cluster is, as a value."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devcluster.api import Api
from devcluster.config import Settings

Check = Callable[[Api], str | None]
"""Tells why a daemon is not healthy; None if it is."""

CLUSTER_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Component:
    """One daemon.

    Attributes:
        name: Its name in commands, logs and records.
        argv: Its command line.
        check: Asks it whether it is healthy.
        phase: Daemons of one phase start together, once those of the phases before are healthy.
        files: Configuration files to write before it starts.
        env: Environment besides PATH and HOME that decides how it behaves.
        resolv_conf: One of `files` that it sees as /etc/resolv.conf; None: the machine's.
        private_env: Environment that is not part of its configuration (credentials, proxies).
        start_limit: Seconds after which a daemon that is not healthy counts as broken.
        stop_limit: Seconds between TERM and KILL.
    """

    name: str
    argv: tuple[str, ...]
    check: Check
    phase: int
    files: Mapping[Path, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    resolv_conf: Path | None = None
    private_env: Mapping[str, str] = field(default_factory=dict)
    start_limit: float = 60.0
    stop_limit: float = 10.0

    def environment(self) -> dict[str, str]:
        """The whole environment of the process; nothing leaks in from the caller's."""
        return {"PATH": CLUSTER_PATH, "HOME": "/root", **self.env, **self.private_env}

    def command(self) -> tuple[str, ...]:
        """What is started: its command line, in a mount namespace of its own where it sees other files."""
        if self.resolv_conf is None:
            return self.argv
        script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        return "unshare", "--mount", "sh", "-c", script, str(self.resolv_conf), *self.argv

    def spec(self, build: str) -> str:
        """Hash of all that decides how the daemon behaves.

        Args:
            build: Name of the build of its program.

        Returns:
            16 hex digits.
        """
        files = {str(path): text for path, text in self.files.items()}
        parts = [self.name, build, list(self.command()), files, dict(self.env)]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def program(settings: Settings, name: str) -> str:
    """Path of a built program."""
    return str(settings.bin_dir / name)


def pki(settings: Settings, file: str) -> str:
    """Path of a key or certificate."""
    return str(settings.pki_dir / file)


def client_config(settings: Settings, name: str) -> str:
    """Path of a component's kubeconfig."""
    return str(settings.config_dir / f"{name}.kubeconfig")


def http_check(url: str, *, any_status: bool = False) -> Check:
    """A check that asks an HTTP endpoint."""
    return lambda api: api.probe(url, any_status=any_status)
