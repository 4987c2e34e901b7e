"""Notices, and a notifier whose pauses are noted instead of slept."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

import aiohttp

from modelyard_operator.api.notifications import Notification
from modelyard_operator.api.status import Status
from modelyard_operator.kube.objects import Key, Manifest, Resource
from modelyard_operator.notify.notice import Notice, notice
from modelyard_operator.notify.notifier import Notifier

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RESOURCE = Resource(
    key=Key("team", "sentiment"),
    uid="u-1",
    generation=2,
    resource_version="41",
    created_at=NOW,
    spec={},
    status={},
)
STATUS = Status(stable_revision="rold", candidate_revision="rnew", url="http://sentiment.team.svc")


def made(reason: str = "AwaitingApproval", message: str = "the evidence is frozen") -> Notice:
    found = notice(RESOURCE, reason, message, STATUS, NOW)
    assert found is not None
    return found


def channel(**fields: Any) -> Notification:
    return Notification.model_validate(fields)


@dataclass
class Secrets:
    """Secrets by name, as the API server has them."""

    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    async def get_secret(self, namespace: str, name: str) -> Manifest | None:
        assert namespace == "team"
        if name not in self.values:
            return None
        data = {k: base64.b64encode(v.encode()).decode() for k, v in self.values[name].items()}
        return {"data": data}


@dataclass
class Sending:
    """A notifier, and what came of it."""

    notifier: Notifier
    pauses: list[float]
    failures: list[str]

    async def send(self, spec: Notification, *notices: Notice) -> None:
        """Send them and wait until nothing is under way."""
        self.notifier.notify(RESOURCE, (spec,), notices or (made(),))
        await self.notifier.close()


@asynccontextmanager
async def sending(
    secrets: Mapping[str, Mapping[str, str]] | None = None,
    sleep: Callable[[float], Awaitable[None]] | None = None,
) -> AsyncIterator[Sending]:
    pauses: list[float] = []
    failures: list[str] = []

    async def note(seconds: float) -> None:
        pauses.append(seconds)

    async def failed(resource: Resource, words: str) -> None:
        assert resource is RESOURCE
        failures.append(words)

    async with aiohttp.ClientSession() as session:
        notifier = Notifier(
            Secrets(secrets or {}), session, failed, now=lambda: NOW, random=Random(1), sleep=sleep or note
        )
        yield Sending(notifier, pauses, failures)
