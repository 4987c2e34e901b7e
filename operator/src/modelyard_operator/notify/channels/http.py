"""What the two webhooks share: one POST, and what its answer means."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import aiohttp

from modelyard_operator.notify.channels.base import DeliveryError

SECONDS = 15.0
_AGAIN = frozenset({408, 425, 429})
"""Answers below 500 that ask to come again."""


async def post(session: aiohttp.ClientSession, url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Send it.

    The address may hold a secret, so no message names more of it than the host; what the server answers is
    not told either, for the operator reaches servers that its users do not.

    Raises:
        DeliveryError: it was not taken.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise DeliveryError(
            "the Secret's key 'url' holds no http(s) address: write https://HOST/PATH", again=False
        )
    try:
        async with session.post(
            url,
            data=body,
            headers={"Content-Type": "application/json", "User-Agent": "modelyard-operator", **headers},
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=SECONDS),
        ) as response:
            status = response.status
    except TimeoutError:
        raise DeliveryError(f"{parts.hostname}: no answer within {SECONDS:g} s") from None
    except aiohttp.InvalidURL:
        raise DeliveryError("the Secret's key 'url' holds no http(s) address", again=False) from None
    except aiohttp.ClientError as error:
        raise DeliveryError(f"{parts.hostname}: {type(error).__name__}") from None
    if status >= 300:
        raise DeliveryError(f"{parts.hostname}: answered {status}", again=status >= 500 or status in _AGAIN)
