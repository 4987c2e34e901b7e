"""What counts as alive and ready."""

from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest

from modelyard_operator.handlers.health import Health
from modelyard_operator.handlers.kopf_watch import KopfWatch, kopf_settings
from modelyard_operator.kube.caches import Caches
from modelyard_operator.kube.client import Client
from modelyard_operator.kube.objects import Key
from modelyard_operator.kube.queue import WorkQueue
from modelyard_operator.resources.catalog import KINDS


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> WorkQueue[Key]:
    return WorkQueue(Random(1), clock)


@pytest.fixture
def caches(clock: Clock, queue: WorkQueue[Key]) -> Caches:
    nobody = cast(Client, SimpleNamespace())
    return Caches(nobody, KINDS, namespaces=(), changed=queue.add, clock=clock, random=Random(1))


def health(caches: Caches, queue: WorkQueue[Key], clock: Clock, leading: bool = True) -> Health:
    watch = KopfWatch(cast(Any, None), (), caches.own, clock=clock)
    return Health(caches, watch, queue, lambda: leading)


async def test_young(caches: Caches, queue: WorkQueue[Key], clock: Clock) -> None:
    assert health(caches, queue, clock).troubles() == []
    assert len(health(caches, queue, clock).unready()) == len(KINDS) + 8
    for informer in caches.informers:
        informer.synced.set()
    assert health(caches, queue, clock).unready() == []
    assert caches.ready


async def test_a_watch_that_hangs(caches: Caches, queue: WorkQueue[Key], clock: Clock) -> None:
    clock.now = 181.0
    found = health(caches, queue, clock).troubles()
    assert "the watch of services has been silent for 181 s" in found
    assert not any("modeldeployments" in each for each in found)  # listed every 5 minutes alone


async def test_a_queue_that_hangs(caches: Caches, queue: WorkQueue[Key], clock: Clock) -> None:
    queue.add(Key("ns", "a"))
    await queue.get()
    clock.now = 121.0
    assert health(caches, queue, clock).troubles() == ["a resource has been in work for 121 s"]


async def test_a_standbys_queue_may_wait(caches: Caches, queue: WorkQueue[Key], clock: Clock) -> None:
    queue.add(Key("ns", "a"))
    clock.now = 10_000.0
    waiting = "a resource has been waiting for 10000 s"
    assert waiting in health(caches, queue, clock).troubles()
    assert waiting not in health(caches, queue, clock, leading=False).troubles()


def test_kopf_is_only_a_watcher() -> None:
    """What kopf's users ran into cannot happen: watches without timeouts, freezes by peering, Events."""
    settings = kopf_settings()
    assert settings.watching.server_timeout
    assert settings.watching.client_timeout
    assert settings.watching.client_timeout > settings.watching.server_timeout
    assert settings.peering.standalone
    assert settings.scanning.disabled
    assert not settings.posting.enabled
    assert settings.process.ultimate_exiting_timeout is None
