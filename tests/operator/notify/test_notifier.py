"""What is sent to whom, in the background and bounded."""

import asyncio

from prometheus_client import REGISTRY

from modelyard_operator.notify import notifier
from tests.operator.notify.cases import RESOURCE, channel, made, sending
from tests.operator.notify.servers import web_server

SLACK = {"slack": {"secretRef": {"name": "hook"}}}


def counted(outcome: str) -> float:
    labels = {"channel": "slack", "outcome": outcome}
    return REGISTRY.get_sample_value("modelyard_operator_notifications_total", labels) or 0.0


async def test_each_is_sent_once_on_each_channel_that_wants_it() -> None:
    async with web_server() as web, sending({"hook": {"url": web.url}}) as it:
        before = counted("delivered")
        it.notifier.notify(
            RESOURCE,
            [channel(**SLACK, events=["promoted", "aborted"]), channel(**SLACK)],
            [made("Promoted"), made("RolloutStarted")],
        )
        await it.notifier.close()
        assert len(web.heard) == 3
        assert counted("delivered") - before == 3


async def test_nobody_waits_for_a_channel_that_does_not_answer() -> None:
    never = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await never.wait()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with sending({"hook": {"url": f"http://127.0.0.1:{port}/"}}) as it:
        dropped = counted("dropped")
        for _ in range(notifier.PENDING + 10):
            it.notifier.notify(RESOURCE, [channel(**SLACK)], [made()])
        assert it.notifier.pending == notifier.PENDING
        assert counted("dropped") - dropped == 10
        await it.notifier.close(0.0)
        assert it.notifier.pending == 0
    never.set()
    server.close()


async def test_the_end_of_the_operator_does_not_wait_for_another_attempt() -> None:
    paused = asyncio.Event()

    async def sleep(_: float) -> None:
        paused.set()
        await asyncio.Event().wait()

    async with web_server() as web, sending({"hook": {"url": web.url}}, sleep) as it:
        web.statuses = [503]
        it.notifier.notify(RESOURCE, [channel(**SLACK)], [made()])
        async with asyncio.timeout(20):
            await paused.wait()
            await it.notifier.close(3600)
        assert (it.notifier.pending, it.failures) == (0, [])


async def test_a_fault_of_ours_is_told_and_ends_nothing() -> None:
    async with sending({"hook": {"url": "http://[::1/"}}) as it:
        await it.send(channel(**SLACK))
        assert len(it.failures) == 1
        await it.send(channel(**SLACK))
        assert len(it.failures) == 2
