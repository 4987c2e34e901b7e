"""What users' Secrets say: how to be known to Prometheus or a webhook, and whose certificates to trust.

They are read by name when they are needed, kept for a short while, and never told or logged.
"""

import base64
import binascii
import ssl
from collections.abc import Callable
from typing import Any, Protocol

import aiohttp

from modelyard_operator.analysis.sources.base import SourceError
from modelyard_operator.kube.errors import ApiError
from modelyard_operator.kube.objects import Manifest

KEPT_SECONDS = 30.0
MOST_KEPT = 1000
TOKEN, USERNAME, PASSWORD, CA = "token", "username", "password", "ca.crt"


class Reader(Protocol):
    """Gives Secrets by name."""

    async def get_secret(self, namespace: str, name: str) -> Manifest | None:
        """A Secret, or None."""
        ...


class Credentials:
    """Reads them."""

    def __init__(self, reader: Reader, *, clock: Callable[[], float]) -> None:
        """One for all rollouts.

        Args:
            reader: gives Secrets.
            clock: monotonic seconds.
        """
        self._reader = reader
        self._clock = clock
        self._kept: dict[tuple[str, str], tuple[float, dict[str, str]]] = {}
        self._contexts: dict[tuple[str, str], tuple[str, ssl.SSLContext]] = {}

    async def headers(self, namespace: str, secret: str | None) -> dict[str, str]:
        """The Authorization header from a Secret with `token`, or `username` and `password`.

        Raises:
            SourceError: the Secret is missing, has neither, or a token that fits into no header.
        """
        if secret is None:
            return {}
        values = await self._values(namespace, secret)
        if values.get(TOKEN):
            token = values[TOKEN].strip()
            if not token.isprintable():
                raise SourceError(
                    f"Secret {namespace}/{secret} has a line break or a control character within `{TOKEN}`: "
                    "write it on one line"
                )
            return {"Authorization": f"Bearer {token}"}
        if USERNAME in values and PASSWORD in values:
            both = base64.b64encode(f"{values[USERNAME]}:{values[PASSWORD]}".encode()).decode()
            return {"Authorization": f"Basic {both}"}
        raise SourceError(
            f"Secret {namespace}/{secret} has neither `{TOKEN}` nor `{USERNAME}` and `{PASSWORD}`: add them"
        )

    async def trust(self, namespace: str, secret: str | None) -> ssl.SSLContext | bool:
        """Who may have signed the other side's certificate: those of the Secret's `ca.crt`, or the system's.

        Raises:
            SourceError: the Secret is missing, or has no certificates.
        """
        if secret is None:
            return True
        pem = (await self._values(namespace, secret)).get(CA, "")
        held = self._contexts.get((namespace, secret))
        if held is not None and held[0] == pem:
            return held[1]
        try:
            # What is no ASCII is a comment between the certificates.
            context = ssl.create_default_context(cadata=pem.encode("ascii", "ignore").decode() or None)
        except (ssl.SSLError, ValueError, TypeError):
            pem = ""
        if not pem:
            raise SourceError(
                f"Secret {namespace}/{secret} has no certificates under `{CA}`: add them as PEM"
            )
        if len(self._contexts) >= MOST_KEPT:
            self._contexts.clear()
        self._contexts[namespace, secret] = (pem, context)
        return context

    async def _values(self, namespace: str, name: str) -> dict[str, str]:
        held = self._kept.get((namespace, name))
        if held is not None and self._clock() - held[0] < KEPT_SECONDS:
            return held[1]
        try:
            secret = await self._reader.get_secret(namespace, name)
        except (ApiError, aiohttp.ClientError, TimeoutError) as error:
            raise SourceError(f"Secret {namespace}/{name} could not be read: {error}") from error
        if secret is None:
            raise SourceError(f"Secret {namespace}/{name} does not exist: create it")
        values = _decoded(secret.get("data") or {}, f"Secret {namespace}/{name}")
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[namespace, name] = (self._clock(), values)
        return values


def _decoded(data: dict[str, Any], where: str) -> dict[str, str]:
    try:
        return {key: base64.b64decode(value).decode() for key, value in data.items()}
    except (binascii.Error, UnicodeDecodeError):
        raise SourceError(
            f"{where} holds what is no text: write token, username and password as text"
        ) from None
