"""The programs that tests run for real: on PATH, else installed or built now."""

import functools
import shutil
import tempfile
from pathlib import Path

from devcluster.build import TOOLS, Builder
from devcluster.config import Settings
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
