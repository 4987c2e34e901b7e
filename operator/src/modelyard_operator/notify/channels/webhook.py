"""To an HTTP server of the user's, with a signature over time and body."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime

import aiohttp
import orjson

from modelyard_operator.notify.channels.base import Message
from modelyard_operator.notify.channels.http import post

TIMESTAMP = "X-Modelyard-Timestamp"
SIGNATURE = "X-Modelyard-Signature"
ID = "X-Modelyard-Id"


class Webhook:
    """A server that checks the signature."""

    name = "webhook"

    def __init__(self, session: aiohttp.ClientSession, now: Callable[[], datetime]) -> None:
        """A channel.

        Args:
            session: for requests to the outside.
            now: wall clock, timezone-aware.
        """
        self._session = session
        self._now = now

    async def deliver(self, message: Message) -> None:
        """Post the notice as JSON."""
        body = orjson.dumps(message.notice.to_dict() | {"subject": message.subject, "text": message.text})
        stamp = str(int(self._now().timestamp()))
        headers = {
            TIMESTAMP: stamp,
            SIGNATURE: signature(message.value("key"), stamp, body),
            ID: message.notice.id,
        }
        await post(self._session, message.value("url"), body, headers)


def signature(key: str, stamp: str, body: bytes) -> str:
    """`sha256=` and the HMAC-SHA256 of `STAMP.BODY`: a request that was recorded is told by its age."""
    signed = hmac.new(key.encode(), stamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={signed.hexdigest()}"
