"""What a channel must do: deliver one message, or say why not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from modelyard_operator.notify.notice import Notice


class DeliveryError(Exception):
    """A message was not taken; the words hold no secret."""

    def __init__(self, words: str, *, again: bool = True) -> None:
        """`again`: another attempt may succeed."""
        super().__init__(words)
        self.again = again


@dataclass(frozen=True, slots=True)
class Message:
    """One notice for one channel."""

    notice: Notice
    subject: str
    text: str
    secret: Mapping[str, str]
    """The Secret's values by key, decoded; empty where there is none."""

    def value(self, key: str) -> str:
        """One of the Secret's values, without white space around it.

        Raises:
            DeliveryError: it is missing.
        """
        found = self.secret.get(key, "").strip()
        if not found:
            raise DeliveryError(f"the Secret has no key {key!r}: add it")
        return found


class Channel(Protocol):
    """One way to tell. Adding one: a file beside this, a field in api/notifications.py, a line in a table."""

    name: str

    async def deliver(self, message: Message) -> None:
        """Hand it over, once.

        Raises:
            DeliveryError: it was not taken.
        """
        ...
