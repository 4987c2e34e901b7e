"""etcd, reachable with a client certificate only, since pods can reach the node's address."""

from devcluster.components.base import Component, http_check, pki, program
from devcluster.config import Settings


def etcd(settings: Settings) -> Component:
    """Build the command line (https://etcd.io/docs/v3.6/op-guide/configuration/)."""
    client, peer = settings.etcd_url, f"https://{settings.node_ip}:2380"
    argv = [program(settings, "etcd"), "--name=devcluster", f"--data-dir={settings.state_dir / 'etcd'}"]
    argv += [f"--listen-client-urls={client}", f"--advertise-client-urls={client}"]
    argv += [f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}"]
    argv += [f"--initial-cluster=devcluster={peer}"]
    for prefix in ("", "peer-"):
        argv += [
            f"--{prefix}cert-file={pki(settings, 'etcd.crt')}",
            f"--{prefix}key-file={pki(settings, 'etcd.key')}",
            f"--{prefix}trusted-ca-file={pki(settings, 'ca.crt')}",
            f"--{prefix}client-cert-auth=true",
        ]
    # A development cluster may lose its last writes when the machine loses power.
    argv += ["--unsafe-no-fsync", "--log-level=warn"]
    return Component("etcd", tuple(argv), http_check(f"{client}/health"), phase=1)
