"""The mark of a copy, which only who has the deployment's admin token can make.

The token itself never travels with a copy. A mark is for one request name of one pair and holds for a
minute, so what somebody on the way reads of it is of little use: it lets the same name ask again. A request
with a mark that does not hold is a request like any other.
"""

import hashlib
import hmac
from typing import Final

HEADER: Final = b"x-modelyard-shadow"
SECONDS: Final = 60
"""How far the clocks of two pods and the way between them may be apart."""
_MOST_DIGITS: Final = 12


def stamp(token: str, pair: str, request_id: bytes, now: float) -> bytes:
    """Make the mark of a copy.

    Args:
        token: The deployment's admin token.
        pair: The revisions that are compared.
        request_id: The request's name.
        now: Seconds since the epoch.
    """
    moment = b"%d" % now
    return b"%b-%b" % (moment, _code(token, pair, request_id, moment))


def holds(mark: bytes, token: str, pair: str, request_id: bytes, now: float) -> bool:
    """Whether a mark is one for this request, made within the last minute.

    Args:
        mark: What the request says.
        token: The deployment's admin token.
        pair: The revisions that are compared.
        request_id: The request's name.
        now: Seconds since the epoch.
    """
    moment, _, code = mark.partition(b"-")
    if not moment.isdigit() or len(moment) > _MOST_DIGITS or abs(now - int(moment)) > SECONDS:
        return False
    return hmac.compare_digest(code, _code(token, pair, request_id, moment))


def _code(token: str, pair: str, request_id: bytes, moment: bytes) -> bytes:
    # No part can hold the line feed between them.
    said = b"\n".join((b"modelyard-shadow", pair.encode(), request_id, moment))
    return hmac.new(token.encode(), said, hashlib.sha256).hexdigest().encode()
