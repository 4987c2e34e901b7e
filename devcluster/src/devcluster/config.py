"""Names, addresses and paths of the one cluster of a machine."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NAME = "modelyard-devcluster"
"""Context name, cgroup, lock file and CNI network of the cluster."""

STATE_DIR_ENV = "MODELYARD_DEVCLUSTER_DIR"
CACHE_DIR_ENV = "MODELYARD_CACHE"


@dataclass(frozen=True)
class Settings:
    """Where the cluster lives and which addresses it takes.

    Attributes:
        state_dir: Everything that the cluster writes; outside any work tree, so that checkouts share it.
        cache_dir: Built binaries; survives `down`.
        bridge: Name of the network device that carries the node's address.
        node_ip: The node's IPv4 address, on the bridge.
        node_prefix: Prefix length of the bridge's network, in bits.
        pod_cidr: Addresses of pods; one node, so one range.
        service_cidr: Addresses of Services.
        api_service_ip: The first address of `service_cidr`, which the API server takes for itself.
        dns_ip: Cluster address of the DNS Service.
        node_name: Name of the Node object.
        cluster_domain: DNS suffix of the cluster.
    """

    state_dir: Path
    cache_dir: Path
    bridge: str = "myard0"
    node_ip: str = "10.89.0.1"
    node_prefix: int = 24
    pod_cidr: str = "10.244.0.0/22"
    service_cidr: str = "10.96.0.0/16"
    api_service_ip: str = "10.96.0.1"
    dns_ip: str = "10.96.0.10"
    node_name: str = "modelyard"
    cluster_domain: str = "cluster.local"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read the two folders from the environment.

        Args:
            environ: `MODELYARD_DEVCLUSTER_DIR`, `MODELYARD_CACHE`, `XDG_CACHE_HOME` and `HOME` are read.

        Returns:
            The settings, with absolute paths.
        """
        cache = environ.get(CACHE_DIR_ENV)
        if not cache:
            home = Path(environ.get("HOME", "/root"))
            cache = str(Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "modelyard")
        state = environ.get(STATE_DIR_ENV) or f"/var/lib/{NAME}"
        return cls(state_dir=Path(state).absolute(), cache_dir=Path(cache).absolute())

    @property
    def api_url(self) -> str:
        """URL of the API server."""
        return f"https://{self.node_ip}:6443"

    @property
    def etcd_url(self) -> str:
        """URL of etcd (client certificate needed)."""
        return f"https://{self.node_ip}:2379"

    @property
    def store_url(self) -> str:
        """URL of the artifact store as this machine and pods reach it by address."""
        return f"http://{self.node_ip}:7070"

    @property
    def store_service_url(self) -> str:
        """URL of the artifact store by its Service's name."""
        return "http://artifacts.modelyard-store.svc:7070"

    @property
    def bin_dir(self) -> Path:
        """Links to the cached binaries: command lines stay equal whatever the cache's path."""
        return self.state_dir / "bin"

    @property
    def pki_dir(self) -> Path:
        """Keys and certificates."""
        return self.state_dir / "pki"

    @property
    def config_dir(self) -> Path:
        """Rendered configuration files and kubeconfigs of components."""
        return self.state_dir / "config"

    @property
    def log_dir(self) -> Path:
        """One log file for each process."""
        return self.state_dir / "logs"

    @property
    def run_dir(self) -> Path:
        """One record for each process."""
        return self.state_dir / "run"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.state_dir / "kubeconfig"

    @property
    def containerd_socket(self) -> Path:
        """Socket of containerd's gRPC API."""
        return self.state_dir / "containerd.sock"

    @property
    def lock_file(self) -> Path:
        """Held by whoever changes the cluster; beside the state folder because `down` removes that."""
        return self.state_dir.with_name(self.state_dir.name + ".lock")
