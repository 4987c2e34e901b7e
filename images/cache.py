"""Where built images and everything that makes the next build fast are kept."""

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


def cache_folder(env: Mapping[str, str]) -> Path:
    """Return the folder of this tool in the user's cache; it need not exist.

    `$MODELYARD_CACHE`, else `$XDG_CACHE_HOME/modelyard`, else `~/.cache/modelyard`, and `images` below it.
    """
    if env.get("MODELYARD_CACHE"):
        root = Path(env["MODELYARD_CACHE"]).expanduser()
    elif env.get("XDG_CACHE_HOME"):
        root = Path(env["XDG_CACHE_HOME"]) / "modelyard"
    else:
        root = Path.home() / ".cache" / "modelyard"
    return root.absolute() / "images"


@contextmanager
def locked(cache: Path) -> Iterator[None]:
    """Hold the cache for this process; a second build waits for the first and then finds its work done."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
