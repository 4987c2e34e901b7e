"""The peers' own environments: each has its locked requirements, and is made when first needed."""

import hashlib
import shutil
import subprocess
from pathlib import Path

from benchmarks.server.options import cache_dir, say

PEERS = Path(__file__).parent / "peers"
ROOT = Path(__file__).parents[2]


class InstallError(RuntimeError):
    """An environment can't be made here; the message is the installer's."""


def python(name: str) -> Path:
    """The interpreter of `peers/NAME/requirements.lock`.

    Raises:
        InstallError: it can't be made.
    """
    lock = PEERS / name / "requirements.lock"
    folder = cache_dir() / "environments" / f"{name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    program = folder / "bin" / "python"
    ready = folder / ".ready"
    if not ready.exists():
        say(f"making the environment of {name} (some gigabytes where it has torch) in {folder}")
        uv = shutil.which("uv") or str(ROOT / ".tools/bin/uv")
        _run(uv, "venv", "-q", "--clear", "--python", ">=3.11", str(folder))
        _run(uv, "pip", "sync", "-q", "--require-hashes", "--python", str(program), str(lock))
        ready.touch()
    return program


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InstallError(f"`{' '.join(command)}` failed:\n{done.stderr[-2000:]}")
