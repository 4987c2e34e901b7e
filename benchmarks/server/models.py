"""The models that are served, made when first needed and kept outside the repository."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.server import environments
from benchmarks.server.options import cache_dir, say

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
SENTIMENT = ROOT / "examples/sentiment"


def distilbert() -> Path:
    """A text classifier of DistilBERT's size in the variants `fp32`, `int8` and `nbits8`."""
    sources = [HERE / "distilbert.py", SENTIMENT / "forms.py", SENTIMENT / "network.py"]
    tokenizer = SENTIMENT / "model/tokenizer.json"
    return made(
        "distilbert",
        sources,
        [sys.executable, str(HERE / "distilbert.py"), "{folder}", str(tokenizer)],
        path=SENTIMENT,
    )


VISION = "ultralytics"
"""The environment that makes the models on pictures; it is a peer as well."""


def vision() -> Path:
    """Classifiers, a detector and pictures for them, see `peers/ultralytics/export.py`.

    Raises:
        InstallError: its environment can't be made.
        RuntimeError: as `made`.
    """
    source = environments.PEERS / VISION / "export.py"
    command = [str(environments.python(VISION)), str(source), "{folder}"]
    return made("vision", [source, source.with_name("requirements.lock")], command)


def made(name: str, sources: Sequence[Path], command: Sequence[str], path: Path | None = None) -> Path:
    """What a program writes into a folder, anew whenever a source of it has changed.

    Args:
        name: For people.
        sources: Files that decide what is written.
        command: The program; `{folder}` stands for the folder.
        path: Where the program finds modules of ours.

    Raises:
        RuntimeError: the program failed, with its words.
    """
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]
    folder = cache_dir() / "models" / f"{name}-{digest}"
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    say(f"making the model {name} in {folder}")
    staged = Path(tempfile.mkdtemp(prefix=".staged-", dir=folder.parent))
    environment = {**os.environ, **({"PYTHONPATH": str(path)} if path else {})}
    filled = [part.format(folder=staged) for part in command]
    done = subprocess.run(filled, capture_output=True, text=True, check=False, env=environment, cwd=staged)
    if done.returncode:
        shutil.rmtree(staged)
        raise RuntimeError(f"{' '.join(filled)} failed:\n{done.stdout}{done.stderr}"[-3000:])
    staged.chmod(0o755)
    staged.rename(folder)
    return folder
