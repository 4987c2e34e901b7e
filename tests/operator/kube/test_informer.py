"""The informer against an API server that expires, refuses, hangs and talks nonsense."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random
from typing import Any

import structlog
from aiohttp import web

from modelyard_operator.kube.informer import PAGE, Informer, Timing
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import Key
from modelyard_operator.kube.store import Store
from tests.operator.kube.fake_api import END, FakeApi, connect, event, status_of
from tests.operator.kube.objects import owner_of, raw, version

A = Key("ns", "a")
KIND = Kind("v1", "ConfigMap", "configmaps")
QUICK = Timing(relist=3600, silence=3600, first_retry=0.01, last_retry=0.02)


@asynccontextmanager
async def running(
    api: FakeApi,
    timing: Timing = QUICK,
    project: Callable[[dict[str, Any]], int] = version,
    kind: Kind = KIND,
    namespaces: Sequence[str] = (),
    **more: Any,
) -> AsyncIterator[Informer[int]]:
    store: Store[int] = Store(project, owner_of, lambda _: None)
    async with connect(api) as client:
        informer = Informer(
            client,
            kind,
            store,
            namespaces=namespaces,
            selector="modelyard.dev/deployment",
            clock=time.monotonic,
            random=Random(1),
            timing=timing,
            **more,
        )
        task = asyncio.create_task(informer.run())
        try:
            yield informer
        finally:
            assert not task.done(), "the informer ended"
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


class PerNamespace(FakeApi):
    """An API server with a script for each namespace."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        self.of = {name: FakeApi() for name in names}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        return await self.of[request.path.split("/")[4]].handle(request)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - the store has nobody to tell
            await asyncio.sleep(0.005)


async def test_lists_in_pages_and_watches_from_there() -> None:
    api = FakeApi()
    api.list(raw("x", 1), version=10, more="next")
    api.list(raw("y", 2), version=10)
    api.watch(event("ADDED", raw("z", 11)), event("DELETED", raw("x", 12)), END)
    async with running(api) as informer:
        await until(lambda: dict(informer.store.of(A)) == {"y": 2, "z": 11})
        await api.watching.wait()
    first, second, watch, again = api.requests[:4]
    assert first == {"limit": str(PAGE), "labelSelector": "modelyard.dev/deployment"}
    assert second["continue"] == "next"
    assert watch["resourceVersion"] == "10"
    assert watch["allowWatchBookmarks"] == "true"
    assert int(watch["timeoutSeconds"]) > 3000
    assert again["resourceVersion"] == "12"


async def test_a_bookmark_moves_the_version() -> None:
    api = FakeApi()
    api.list(version=10)
    api.watch(event("BOOKMARK", {"metadata": {"resourceVersion": "99"}}), END)
    async with running(api):
        await api.watching.wait()
    assert api.requests[-1]["resourceVersion"] == "99"


async def test_an_expired_watch_lists_again_and_compares() -> None:
    api = FakeApi()
    api.list(raw("x", 1), raw("y", 2), version=10)
    api.watch(event("ERROR", status_of(410, "Expired")))
    api.list(raw("y", 20), version=30)
    async with running(api) as informer:
        await until(lambda: dict(informer.store.of(A)) == {"y": 20})
        assert informer.unavailable is None
    assert informer.listed == 2


async def test_a_watch_refused_as_expired_lists_again() -> None:
    api = FakeApi()
    api.list(raw("x", 1), version=10)
    api.refuse_watch(410, "Gone")
    api.list(version=30)
    async with running(api) as informer:
        await until(lambda: informer.listed == 2)
        assert dict(informer.store.of(A)) == {}


async def test_forbidden_is_said_and_retried() -> None:
    api = FakeApi()
    told: list[str | None] = []
    api.list(raw("x", 1), version=10)
    api.watch(event("ERROR", status_of(410, "Expired")))
    api.refuse_list(403, "Forbidden")
    async with running(api, availability=lambda: told.append(informer.unavailable)) as informer:
        await until(lambda: informer.unavailable is not None)
        assert informer.unavailable == "configmaps of v1 may not be listed and watched: Forbidden it is"
        assert dict(informer.store.of(A)) == {"x": 1}
        assert informer.idle_for < 5
        api.list(raw("x", 2), version=20)
        await until(lambda: informer.unavailable is None)
        assert dict(informer.store.of(A)) == {"x": 2}
    assert len(told) == 2
    assert told[1] is None


async def test_a_kind_that_is_gone_takes_its_objects_along() -> None:
    api = FakeApi()
    api.list(raw("x", 1), version=10)
    api.refuse_watch(404, "NotFound")
    api.refuse_list(404, "NotFound")
    async with running(api) as informer:
        await until(lambda: informer.unavailable == "the API server has no configmaps of v1")
        assert dict(informer.store.of(A)) == {}
        assert informer.synced.is_set()


async def test_a_silent_watch_is_cut() -> None:
    api = FakeApi()
    api.list(raw("x", 1), version=10)
    api.watch()
    api.watch(event("ADDED", raw("y", 11)))
    timing = Timing(relist=3600, silence=0.2, first_retry=0.01, last_retry=0.02)
    async with running(api, timing) as informer:
        await until(lambda: "y" in informer.store.of(A))
    assert informer.listed == 1


async def test_an_object_that_cannot_be_read_is_retried() -> None:
    api = FakeApi()
    broken = [True]

    def project(found: dict[str, Any]) -> int:
        if found["metadata"]["name"] == "bad" and broken[0]:
            raise KeyError("spec")
        return version(found)

    api.list(raw("x", 1), raw("bad", 2), version=10)
    async with running(api, project=project) as informer:
        await until(lambda: len(api.requests) > 3)
        broken[0] = False
        await until(lambda: dict(informer.store.of(A)) == {"x": 1, "bad": 2})


async def test_server_errors_and_nonsense_are_retried() -> None:
    api = FakeApi()
    api.refuse_list(500, "InternalError")
    api.lists.append((200, "nonsense"))
    api.refuse_list(429, "TooManyRequests")
    api.list(raw("x", 1), version=10)
    async with running(api) as informer:
        await until(lambda: dict(informer.store.of(A)) == {"x": 1})
        assert informer.unavailable is None


async def test_lists_again_from_time_to_time() -> None:
    """Though the server holds the watch open beyond the time that it was asked for."""
    api = FakeApi()
    api.list(raw("x", 1), version=10)
    api.list(version=20)
    timing = Timing(relist=1.5, silence=3600, overrun=0.1, first_retry=0.01, last_retry=0.02)
    async with running(api, timing) as informer:
        await until(lambda: dict(informer.store.of(A)) == {"x": 1})
        await until(lambda: informer.listed >= 2 and dict(informer.store.of(A)) == {})


async def test_list_only_lists_when_asked() -> None:
    api = FakeApi()
    api.list(raw("x", 1), version=10)
    api.list(raw("x", 2), version=20)
    async with running(api, watch=False) as informer:
        await until(lambda: informer.listed == 1)
        informer.relist()
        await until(lambda: dict(informer.store.of(A)) == {"x": 2})
        assert informer.planned_silence > 3600
    assert all("watch" not in request for request in api.requests)


async def test_an_object_larger_than_a_buffer() -> None:
    api = FakeApi()
    api.list(version=10)
    api.watch(event("ADDED", raw("big", 11, data={"text": "x" * 900_000})), event("ADDED", raw("y", 12)))
    async with running(api) as informer:
        await until(lambda: dict(informer.store.of(A)) == {"big": 11, "y": 12})


async def test_a_kind_that_a_cluster_may_lack_is_retried_without_a_word() -> None:
    api = FakeApi()
    api.refuse_list(404, "NotFound")
    kind = Kind("example.org/v1", "ConfigMap", "configmaps", is_optional=True)
    with structlog.testing.capture_logs() as lines:
        async with running(api, kind=kind) as informer:
            await until(lambda: len(api.requests) > 5)
            assert informer.unavailable == "the API server has no configmaps of example.org/v1"
            assert informer.idle_for < 5
            api.list(raw("x", 1), version=10)
            await until(lambda: informer.unavailable is None)
            assert dict(informer.store.of(A)) == {"x": 1}
    assert [(line["log_level"], line["event"]) for line in lines] == [
        ("info", "kind is not available"),
        ("info", "kind is available again"),
    ]


async def test_several_namespaces_fill_one_store_and_are_watched_each_from_its_list() -> None:
    api = PerNamespace("team", "web")
    api.of["team"].list(raw("x", 1, namespace="team"), version=10)
    api.of["web"].list(raw("x", 2, namespace="web"), version=20)
    api.of["team"].watch(event("ADDED", raw("z", 11, namespace="team")))
    api.of["web"].watch(event("ADDED", raw("z", 21, namespace="web")), END)
    async with running(api, namespaces=("team", "web")) as informer:
        await until(lambda: len(informer.store) == 4)
        web_watches = [r for r in api.of["web"].requests if "watch" in r]
        # The watch of `web` ended, so both begin again where each was.
        await until(lambda: len([r for r in api.of["team"].requests if "watch" in r]) == 2)
        await api.of["web"].watching.wait()
    assert web_watches[0]["resourceVersion"] == "20"
    assert [r["resourceVersion"] for r in api.of["team"].requests if "watch" in r] == ["10", "11"]


async def test_a_namespace_that_is_refused_is_left_out_until_it_is_not() -> None:
    api = PerNamespace("team", "web")
    api.of["team"].list(raw("x", 1, namespace="team"), version=10)
    api.of["web"].list(raw("x", 2, namespace="web"), version=20)
    api.of["web"].refuse_list(403, "Forbidden")
    told: list[set[str]] = []
    quick = replace(QUICK, relist=0.5, refused_retry=0.05, overrun=0.1)
    async with running(
        api,
        quick,
        namespaces=("team", "web"),
        watch=False,
        availability=lambda: told.append({*informer.refused}),
    ) as informer:
        await until(lambda: informer.refused == {"web": "Forbidden it is"})
        assert informer.unavailable is None
        assert len(informer.store) == 2, "what is held there is not known to be gone"
        api.of["team"].list(raw("y", 3, namespace="team"), version=30)
        await until(lambda: informer.store.of(Key("team", "a")) == {"y": 3})
        api.of["web"].list(version=40)
        await until(lambda: not informer.refused)
        await until(lambda: len(informer.store) == 1)
    assert told == [{"web"}, set()]


async def test_a_kind_that_every_namespace_refuses_is_unavailable() -> None:
    api = PerNamespace("team", "web")
    for each in api.of.values():
        each.refuse_list(403, "Forbidden")
    async with running(api, namespaces=("team", "web")) as informer:
        await until(lambda: informer.unavailable is not None)
        assert informer.synced.is_set()
