"""Keys that tell nobody what was asked: a keyed hash of everything an answer depends on.

Without the secret key nobody can test guesses against the names in Redis. Deployment and revision are
part of the hash and of the name, so two revisions never share an answer.
"""

import hashlib
from collections.abc import Callable, Sequence

KEY_BYTES = 32
DIGEST_BYTES = 16

Keyer = Callable[[bytes, Sequence[bytes]], list[bytes]]
"""Makes one key an item from the canonical parameters of a request and its canonical items."""


def keyer(secret: bytes, deployment: str, revision: str) -> Keyer:
    """Make a keyer with BLAKE2b-128 (https://www.rfc-editor.org/rfc/rfc7693).

    Args:
        secret: The secret key, 32 bytes.
        deployment: Namespace and name of the deployment.
        revision: The revision that answers.

    Raises:
        ValueError: The secret has another length.
    """
    if len(secret) != KEY_BYTES:
        raise ValueError(f"the cache key must have {KEY_BYTES} bytes, this one has {len(secret)}")
    base = hashlib.blake2b(key=secret, digest_size=DIGEST_BYTES)
    base.update(_framed(deployment.encode()) + _framed(revision.encode()))

    def keys(parameters: bytes, items: Sequence[bytes]) -> list[bytes]:
        request = base.copy()
        request.update(_framed(parameters))
        made = []
        for item in items:
            state = request.copy()
            state.update(item)
            made.append(state.digest())
        return made

    return keys


def deployment_prefix(deployment: str) -> bytes:
    """What the names of a deployment's entries in Redis begin with."""
    return f"modelyard:{deployment}:".encode()


def redis_prefix(deployment: str, revision: str) -> bytes:
    """What the names of a revision's entries in Redis begin with."""
    return deployment_prefix(deployment) + f"{revision}:".encode()


def _framed(part: bytes) -> bytes:
    # The length goes first, so that no two sequences of parts read alike.
    return b"%d:" % len(part) + part
