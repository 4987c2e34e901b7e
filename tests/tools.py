"""The programs that tests run for real: on PATH, else installed or built now."""

import functools
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from devcluster.build import HELM_TOOLS, KUBE_SCORE, TOOLS, Builder
from devcluster.config import Settings
from devcluster.lock import exclusive
from devcluster.ui import Ui
from images import packages


@functools.cache
def redis_server() -> str:
    """A Redis or Valkey server; see `_packaged`."""
    return shutil.which("redis-server") or shutil.which("valkey-server") or _packaged("redis-server")


@functools.cache
def docker_registry() -> str:
    """CNCF's Distribution, a registry of containers; see `_packaged`."""
    return _packaged("docker-registry")


@functools.cache
def kubectl() -> str:
    """kubectl, built from the embedded cluster's pinned sources where there is none."""
    return shutil.which("kubectl") or str(
        Builder(Settings.from_environment(), Ui()).ensure([TOOLS["kubectl"]])["kubectl"]
    )


@functools.cache
def helm() -> str:
    """Helm of the version that the chart is checked with, built from its pinned sources."""
    return str(Builder(Settings.from_environment(), Ui()).ensure(HELM_TOOLS)["helm"])


@functools.cache
def kubeconform() -> str:
    """kubeconform, built together with Helm."""
    return str(Builder(Settings.from_environment(), Ui()).ensure(HELM_TOOLS)["kubeconform"])


@functools.cache
def kube_score() -> str:
    """kube-score, built from its pinned sources."""
    return str(Builder(Settings.from_environment(), Ui()).ensure([KUBE_SCORE])["kube-score"])


@functools.cache
def k6() -> str:
    """k6, built from its pinned sources where there is none."""
    return shutil.which("k6") or str(Builder(Settings.from_environment(), Ui()).ensure([TOOLS["k6"]])["k6"])


@functools.cache
def triton_python() -> str:
    """Python with NVIDIA's tritonclient, in an environment of its own: it pins other versions than ours."""
    lock = Path(__file__).parent / "server" / "triton" / "requirements.lock"
    version = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:12]
    directory = Settings.from_environment().cache_dir / f"tritonclient-{version}"
    python, ready = directory / "bin" / "python", directory / ".ready"
    with exclusive(directory.with_suffix(".lock"), waiting=print):
        if not ready.exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(directory)], check=True)
            install = ["-m", "pip", "install", "-q", "--no-deps", "--require-hashes", "-r", str(lock)]
            subprocess.run([str(python), *install], check=True)
            ready.touch()
    return str(python)


@functools.cache
def prometheus() -> str:
    """A Prometheus server; see `_packaged`."""
    return _packaged("prometheus")


@functools.cache
def promtool() -> str:
    """Prometheus' own tool for rules and expressions; Debian's package has both."""
    return _packaged("promtool", package="prometheus")


def _packaged(program: str, package: str | None = None) -> str:
    """A program, from Debian's package, of its own name if none is given, where there is none.

    Raises:
        ImageError: there is none and apt may not be used here; the message says what to install.
    """
    found = shutil.which(program)
    if found is None:
        log = Path(tempfile.gettempdir()) / "modelyard-packages.log"
        packages.ensure({program: package or program}, purpose="run the tests", log=log)
        found = shutil.which(program)
    assert found
    return found
