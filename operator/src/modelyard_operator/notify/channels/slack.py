"""To Slack's incoming webhooks, and what is shaped like them.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

import aiohttp
import orjson

from modelyard_operator.notify.channels.base import Message
from modelyard_operator.notify.channels.http import post

_ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))


class Slack:
    """One channel of a workspace."""

    name = "slack"

    def __init__(self, session: aiohttp.ClientSession) -> None:
        """`session`: for requests to the outside."""
        self._session = session

    async def deliver(self, message: Message) -> None:
        """Post one text."""
        body = orjson.dumps({"text": escape(message.text)})
        await post(self._session, message.value("url"), body, {})


def escape(text: str) -> str:
    """As Slack wants it: what a message says can make no link and call nobody."""
    for char, entity in _ESCAPES:
        text = text.replace(char, entity)
    return text
