"""API keys: a file a client, in a mounted Secret.

What is kept is the SHA-256 of each key: keys are long and random, so a slow hash would protect nothing that
a fast one does not. A request is looked up by its key's hash, whose timing tells nothing about the keys.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

_HASHED = re.compile(r"sha256:([0-9a-fA-F]{64})")
_SHORT = 16

Keys = Mapping[bytes, str]
"""The client's name by its key's SHA-256."""


def read_keys(directory: Path) -> Keys:
    """Read a Secret's mount: file names are clients, contents are keys or `sha256:` and 64 hex digits.

    A file that can't be used shuts out its own client alone.

    Raises:
        OSError: The directory can't be read.
    """
    keys: dict[bytes, str] = {}
    if not directory.is_dir():
        return keys
    for path in sorted(directory.iterdir()):
        # The kubelet's own `..data` and its generations.
        if path.name.startswith(".") or not path.is_file():
            continue
        digest = _digest(path)
        if digest is None:
            continue
        if digest in keys:
            log.warning("two API keys are equal; the first counts", clients=[keys[digest], path.name])
            continue
        keys[digest] = path.name
    return keys


def find_client(keys: Keys, key: bytes) -> str | None:
    """The client with this key; None: nobody."""
    return keys.get(hashlib.sha256(key).digest())


def _digest(path: Path) -> bytes | None:
    content = path.read_bytes().strip()
    if not content:
        log.warning("an API key is empty: its client is shut out", client=path.name)
        return None
    if content.startswith(b"sha256:"):
        hashed = _HASHED.fullmatch(content.decode("latin-1"))
        if hashed is None:
            log.warning("sha256: is not followed by 64 hex digits: its client is shut out", client=path.name)
            return None
        return bytes.fromhex(hashed.group(1))
    if len(content) < _SHORT:
        log.warning("an API key is short enough to be guessed: make it longer", client=path.name)
    return hashlib.sha256(content).digest()
