"""containerd's own client, spoken to in the kubelet's namespace."""

import subprocess
from pathlib import Path

from devcluster.components.base import CLUSTER_PATH


def ctr(socket: Path, *arguments: str, seconds: float | None = None) -> "subprocess.CompletedProcess[str]":
    """Run `ctr ARGUMENTS`; the caller looks at its exit status.

    Raises:
        subprocess.TimeoutExpired: It took longer than `seconds`.
    """
    return subprocess.run(
        ["ctr", "--address", str(socket), "--namespace", "k8s.io", *arguments],
        capture_output=True,
        text=True,
        env={"PATH": CLUSTER_PATH},
        timeout=seconds,
        check=False,
    )
