"""Two pods compare through Redis: each leaves a digest, and who comes second finds the other's.

Names in Redis are keyed hashes, as those of the cache: what clients call their requests, and what they ask,
can't be told from them. That the body is part of the hash keeps apart the requests of a client that gives all
of them one name.
"""

import hashlib
from typing import Final

from modelyard_server.cache.base import Cache, CacheUnreachableError
from modelyard_server.shadow.backlog import Seen
from modelyard_server.shadow.digest import Digest
from modelyard_server.shadow.dropped import Dropped, DroppedError
from modelyard_server.shadow.part import Role

SECONDS: Final = 60
"""How long a digest waits for the other one."""
_DIGEST_BYTES: Final = 16
_MARKS: Final = {Role.STABLE: b"s", Role.CANDIDATE: b"c"}


async def meet(
    cache: Cache | None, secret: bytes | None, seen: Seen, own: Digest, *, pair: str, role: Role
) -> Digest | None:
    """Leave a digest, and get the other role's if it is there.

    Args:
        cache: Where it is left.
        secret: The secret key of the deployment's cache.
        seen: The request.
        own: The digest of its answers.
        pair: The revisions that are compared.
        role: Whose answers these are.

    Raises:
        DroppedError: The digest is too large, the other one can't be read, or Redis does not answer.
    """
    if cache is None or secret is None:
        raise DroppedError(Dropped.REDIS)
    try:
        found = await cache.swap(_name(secret, pair, seen), _MARKS[role] + own.pack(), SECONDS)
    except CacheUnreachableError:
        raise DroppedError(Dropped.REDIS) from None
    if found is None or found[:1] != _MARKS[role.other]:
        # A client that tries again may ask one side twice.
        return None
    return Digest.unpack(found[1:])


def _name(secret: bytes, pair: str, seen: Seen) -> bytes:
    state = hashlib.blake2b(key=secret, digest_size=_DIGEST_BYTES)
    for part in (seen.request_id, seen.route.encode(), seen.query, seen.body):
        # The length goes first, so that no two sequences of parts read alike.
        state.update(b"%d:" % len(part) + part)
    return b"shadow:%b:%b" % (pair.encode(), state.hexdigest().encode())
