"""How the gRPC server listens, is looked after and ends."""

import asyncio
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from modelyard_server.rpc import open_inference_pb2 as pb
from modelyard_server.rpc.inference import ROUTE
from modelyard_server.rpc.server import connection_age
from modelyard_server.settings import Settings
from tests.ports import free_port
from tests.server.conftest import DEADLINE, Launch
from tests.server.rpc.conftest import Calling, texts

Status = health_pb2.HealthCheckResponse


async def test_health_follows_the_pod(calling: Calling, sentiment: Path) -> None:
    async with calling(sentiment) as caller:
        health = health_pb2_grpc.HealthStub(caller.channel)
        watch = health.Watch(health_pb2.HealthCheckRequest())
        checked = await health.Check(health_pb2.HealthCheckRequest(service="inference.GRPCInferenceService"))
        first = await watch.read()
        caller.service.drain()
        second = await asyncio.wait_for(watch.read(), DEADLINE)
        with pytest.raises(grpc.aio.AioRpcError) as unknown:
            await health.Check(health_pb2.HealthCheckRequest(service="nothing"))
        watch.cancel()

    assert checked.status == first.status == Status.SERVING
    assert second.status == Status.NOT_SERVING
    assert unknown.value.code() == grpc.StatusCode.NOT_FOUND


async def test_a_method_that_there_is_not(calling: Calling, sentiment: Path) -> None:
    async with calling(sentiment) as caller:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await caller.call("ModelStreamInfer", pb.ModelInferRequest(), pb.ModelInferResponse)

    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED


class Connections:
    """How often a channel had to connect anew."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel
        self.lost = 0

    async def watch(self) -> None:
        state = self._channel.get_state()
        while True:
            await self._channel.wait_for_state_change(state)
            state = self._channel.get_state()
            self.lost += state == grpc.ChannelConnectivity.IDLE


async def lost_under_load(caller: Any, enough: Any) -> int:
    """Call again and again until `enough` connections were lost; no call may fail."""
    connections = Connections(caller.channel)
    watching = asyncio.create_task(connections.watch())
    try:
        loop = asyncio.get_running_loop()
        ends = loop.time() + DEADLINE
        while not enough(connections.lost):
            assert loop.time() < ends
            await caller.infer(texts("awesome"))
    finally:
        watching.cancel()
    return connections.lost


async def test_connections_end_by_age_without_costing_a_call(calling: Calling, sentiment: Path) -> None:
    async with calling(sentiment, max_connection_age=0.3) as caller:
        assert await lost_under_load(caller, lambda lost: lost >= 2) >= 2


async def test_connections_end_well_within_the_drain(calling: Calling, sentiment: Path) -> None:
    async with calling(sentiment, max_connection_age=0, drain_seconds=0.6) as caller:
        caller.service.drain()
        assert await lost_under_load(caller, lambda lost: lost >= 2) >= 2


@pytest.mark.parametrize(
    ("age", "drain", "lives"), [(300, 15, 7.5), (5, 15, 5), (0, 15, 7.5), (300, 0, 300), (0, 0, None)]
)
def test_a_connection_lives_for_half_a_drain_at_most(age: float, drain: float, lives: float | None) -> None:
    assert connection_age(Settings(max_connection_age=age, drain_seconds=drain)) == lives


async def test_a_call_under_way_is_answered_when_the_server_stops(
    calling: Calling, sentiment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with calling(sentiment) as caller:
        submit = caller.service.plane.batcher.submit
        started, go_on = asyncio.Event(), asyncio.Event()

        async def answer(*items: Any, **how: Any) -> Any:
            started.set()
            await go_on.wait()
            return await submit(*items, **how)

        def slow(*items: Any, **how: Any) -> asyncio.Future[Any]:
            return asyncio.ensure_future(answer(*items, **how))

        monkeypatch.setattr(caller.service.plane.batcher, "submit", slow)
        call = asyncio.ensure_future(caller.infer(texts("awesome")))
        await started.wait()
        stopping = asyncio.create_task(caller.server.stop())
        await asyncio.sleep(0)
        go_on.set()
        response = await call
        await stopping

    assert response.outputs[0].contents.bytes_contents[0] == b"POSITIVE"


async def test_the_process_serves_it_and_drains(launch: Launch, sentiment: Path) -> None:
    port = free_port()
    process = launch(sentiment, MODELYARD_GRPC_PORT=str(port), MODELYARD_DRAIN_SECONDS="600")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        infer = channel.unary_unary(
            ROUTE,
            request_serializer=pb.ModelInferRequest.SerializeToString,
            response_deserializer=pb.ModelInferResponse.FromString,
        )
        health = health_pb2_grpc.HealthStub(channel)
        await infer(texts("awesome"))
        process.terminate()
        while (await health.Check(health_pb2.HealthCheckRequest())).status == Status.SERVING:
            await infer(texts("awesome"))
        await infer(texts("awesome"))
    # The second time it ends at once.
    process.terminate()
    assert await asyncio.to_thread(process.wait) == 0


async def test_a_port_that_is_taken_is_said(launch: Launch, sentiment: Path) -> None:
    process = launch(sentiment, ready=False, MODELYARD_GRPC_PORT="1", MODELYARD_HOST="192.0.2.1")

    assert await asyncio.to_thread(process.wait) != 0
    assert "192.0.2.1" in process.logged
