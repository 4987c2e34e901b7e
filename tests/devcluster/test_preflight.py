import os
import platform

import pytest

from devcluster import preflight
from devcluster.errors import DevclusterError


def test_capabilities_are_read_as_bits() -> None:
    assert preflight.capabilities("Name:\tx\nCapEff:\t0000000000201000\n") == 1 << 21 | 1 << 12
    assert preflight.capabilities("") == 0


def test_another_system_is_told_the_alternative(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(DevclusterError, match=r"needs Linux; this is Darwin. Use another cluster.*kind"):
        preflight.check_rights()


def test_another_user_is_told_to_become_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(DevclusterError, match="needs root"):
        preflight.check_rights()


def test_without_apt_the_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight.shutil, "which", lambda _: None)
    packages = preflight.missing_packages()
    assert {"containerd", "runc", "catatonit", "iptables", "iproute2"} <= set(packages)
