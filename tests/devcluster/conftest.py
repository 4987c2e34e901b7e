from pathlib import Path

import pytest

from devcluster.config import Settings
from devcluster.host import Host


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path / "state", cache_dir=tmp_path / "cache")


@pytest.fixture
def host() -> Host:
    return Host(
        cgroup_version=1,
        systemd=False,
        containerd=Path("/usr/bin/containerd"),
        cni_dir=Path("/usr/lib/cni"),
        catatonit=Path("/usr/bin/catatonit"),
        resolv_conf=Path("/etc/resolv.conf"),
        upstream_dns=True,
    )
