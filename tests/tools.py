"""The programs that tests run for real: on PATH, else installed or built now."""

import functools
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from devcluster.build import TOOLS, Builder
from devcluster.config import Settings
from devcluster.lock import exclusive
from devcluster.ui import Ui
from images import packages


@functools.cache
def redis_server() -> str:
    """A Redis or Valkey server.

    Raises:
        ImageError: there is none and apt may not be used here; the message says what to install.
    """
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is None:
        log = Path(tempfile.gettempdir()) / "modelyard-packages.log"
        packages.ensure({"redis-server": "redis-server"}, purpose="run the tests", log=log)
        found = shutil.which("redis-server")
    assert found
    return found


@functools.cache
def kubectl() -> str:
    """kubectl, built from the embedded cluster's pinned sources where there is none."""
    return shutil.which("kubectl") or str(
        Builder(Settings.from_environment(), Ui()).ensure([TOOLS["kubectl"]])["kubectl"]
    )


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
