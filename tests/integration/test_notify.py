"""A step of a rollout is told once, when the status that tells of it was stored."""

import asyncio
import json
from datetime import UTC, datetime

import httpx
import pytest

from modelyard_operator.api.status import HistoryEntry, RolloutStatus, Status
from modelyard_operator.kube.objects import Key
from modelyard_operator.reconcile.model import Event, Plan
from tests.integration.parts import NAME, Parts, until
from tests.integration.resources import post
from tests.operator.notify.servers import web_server

pytestmark = pytest.mark.integration

PATH = "/apis/modelyard.dev/v1alpha1/namespaces/{}/modeldeployments/" + NAME


def promoted(parts: Parts) -> Plan:
    """A plan in which a revision was promoted."""
    now = datetime.now(UTC).replace(microsecond=0)
    entry = HistoryEntry(at=now, revision="rnew", what="Promoted", why="it serves", numbers={})
    status = Status(
        observed_generation=1,
        stable_revision="rnew",
        rollout=RolloutStatus(history=(entry,), promoted_at=now),
    )
    events = (Event("Promoted", "revision rnew serves"), Event("TrafficShifted", "not worth a mail"))
    return Plan(status=status, events=events)


async def test_a_step_is_told_once_and_never_for_a_status_that_was_not_stored(
    parts: Parts, api: httpx.Client
) -> None:
    async with web_server() as web:
        keys = {"metadata": {"name": "hook"}, "stringData": {"url": web.url, "key": "k"}}
        post(api, "Secret", parts.namespace, keys)
        spec = {"notifications": [{"webhook": {"secretRef": {"name": "hook"}}}]}
        await change(parts, api, {"spec": spec})
        parts.caches.own.relist()
        await until(lambda: "notifications" in _spec(parts))
        executor = parts.executor()

        stale, plan = parts.gather(), promoted(parts)
        await change(parts, api, {"metadata": {"labels": {"changed": "meanwhile"}}})
        assert (await executor.execute(stale, plan)).word == "conflict"
        assert parts.notifier.pending == 0

        assert (await executor.execute(parts.gather(), plan)).word == "done"
        await until(lambda: not parts.notifier.pending)
        [(_, body)] = web.heard
        told = json.loads(body)
        assert (told["occasion"], told["revision"], told["message"]) == (
            "promoted",
            "rnew",
            "revision rnew serves",
        )
        # The same plan again, as after a restart: nothing moves, so nothing is told.
        await until(lambda: parts.gather().observed.status.stable_revision == "rnew")
        await executor.execute(parts.gather(), plan)
        assert parts.notifier.pending == 0
        assert len(web.heard) == 1
        assert parts.failures == []


async def test_a_rollout_does_not_wait_for_a_channel(parts: Parts, api: httpx.Client) -> None:
    never = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await never.wait()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    post(api, "Secret", parts.namespace, {"metadata": {"name": "slack"}, "stringData": {"url": url}})
    spec = {"notifications": [{"slack": {"secretRef": {"name": "slack"}}}]}
    await change(parts, api, {"spec": spec})
    parts.caches.own.relist()
    await until(lambda: "notifications" in _spec(parts))
    assert (await parts.executor().execute(parts.gather(), promoted(parts))).word == "done"
    assert parts.notifier.pending == 1
    await parts.notifier.close(0.0)
    never.set()
    server.close()


async def change(parts: Parts, api: httpx.Client, patch: dict[str, object]) -> None:
    path, headers = PATH.format(parts.namespace), {"Content-Type": "application/merge-patch+json"}
    done = await asyncio.to_thread(api.patch, path, json=patch, headers=headers)
    done.raise_for_status()


def _spec(parts: Parts) -> dict[str, object]:
    resource = parts.caches.resource(Key(parts.namespace, NAME))
    return {} if resource is None else resource.spec
