"""Asks services of the user's, with the payload of Flagger's webhooks.

https://docs.flagger.app/usage/webhooks
"""

import asyncio
from dataclasses import dataclass

import aiohttp

from modelyard_operator.analysis.case import Reply, Unknown
from modelyard_operator.analysis.sources.base import SourceError, reason
from modelyard_operator.analysis.sources.credentials import Credentials
from modelyard_operator.api.base import seconds
from modelyard_operator.api.checks import Webhook

WORDS = 200
"""Characters that are told of an answer."""
AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class About:
    """What it is asked about."""

    namespace: str
    name: str
    phase: str
    checksum: str
    """The candidate's revision: Flagger's receivers take it as what is on its way."""


class Webhooks:
    """Asks them."""

    def __init__(self, session: aiohttp.ClientSession, credentials: Credentials) -> None:
        """One for all rollouts.

        Args:
            session: for requests.
            credentials: of the users' Secrets.
        """
        self._session = session
        self._credentials = credentials
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def ask(self, webhook: Webhook, about: About) -> Reply | Unknown:
        """What it answers, within its time."""
        payload = {
            "name": about.name,
            "namespace": about.namespace,
            "phase": about.phase,
            "checksum": about.checksum,
            "metadata": dict(webhook.metadata),
        }
        patience = seconds(webhook.timeout)
        secret = webhook.secret_ref.name if webhook.secret_ref is not None else None
        try:
            headers = await self._credentials.headers(about.namespace, secret)
            async with (
                self._slots,
                self._session.post(
                    webhook.url,
                    json=payload,
                    headers=headers,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=patience),
                ) as response,
            ):
                text = (await response.content.read(4 * WORDS)).decode(errors="replace")
        except SourceError as error:
            return Unknown(str(error))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return Unknown(reason(error, patience))
        told = " ".join(text.split())[:WORDS]
        return Reply(response.status, "" if 200 <= response.status < 300 else told)
