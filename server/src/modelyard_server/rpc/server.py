"""The gRPC server beside the HTTP one, on the same event loop."""

import asyncio
from typing import Any, Final

import grpc
import grpc.aio
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from modelyard_server.rpc.inference import SERVICE, Inference
from modelyard_server.service import Service
from modelyard_server.settings import Settings

log = structlog.get_logger(__name__)

# A message holds a little beside the tensors' bytes.
_MESSAGE_OVERHEAD: Final = 64 * 1024
# What is under way when a connection or the server ends may take this long yet.
_GRACE_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.2


class RpcServer:
    """Serves gRPC until it is stopped.

    Connections end by age (see `connections.py`), announced by GOAWAY; gRPC itself adds the jitter. It knows
    no other way that costs no call: a server that is stopped cancels calls that are just arriving. So a
    connection never lives longer than half of the drain, and a pod that drains, or whose revision serves no
    longer, has none left in time.

    Args:
        service: The pod.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._health = health.aio.HealthServicer()
        self._server: grpc.aio.Server | None = None
        self._watching: asyncio.Task[None] | None = None
        self.port = service.settings.grpc_port or 0

    async def start(self) -> None:
        """Listen.

        Raises:
            RuntimeError: The port can't be had.
        """
        await self._tell_health()
        self._server = await self._listen()
        self._watching = asyncio.create_task(self._watch())
        log.info("gRPC listens", port=self.port)

    async def stop(self) -> None:
        """Take no further calls, and wait for those under way."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        if self._server is not None:
            await self._server.stop(_GRACE_SECONDS)
            self._server = None

    async def _listen(self) -> grpc.aio.Server:
        settings = self._service.settings
        age = connection_age(settings)
        options: list[tuple[str, Any]] = [
            ("grpc.max_receive_message_length", settings.max_body_bytes + _MESSAGE_OVERHEAD),
            ("grpc.max_send_message_length", -1),
            # Another program on the port is an error, not somebody to share calls with.
            ("grpc.so_reuseport", 0),
        ]
        if age:
            options += [
                ("grpc.max_connection_age_ms", max(1, round(age * 1000))),
                ("grpc.max_connection_age_grace_ms", round(_GRACE_SECONDS * 1000)),
            ]
        server = grpc.aio.server(options=options)
        server.add_generic_rpc_handlers((Inference(self._service).handler(),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        self.port = server.add_insecure_port(f"{settings.host}:{self.port}")
        await server.start()
        return server

    async def _watch(self) -> None:
        """Tell health checks what the pod is told; it happens a few times in a pod's life."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self._tell_health()

    async def _tell_health(self) -> None:
        ready = self._service.lifecycle.ready
        status = (
            health_pb2.HealthCheckResponse.SERVING if ready else health_pb2.HealthCheckResponse.NOT_SERVING
        )
        for name in ("", SERVICE):
            await self._health.set(name, status)


def connection_age(settings: Settings) -> float | None:
    """Seconds that a connection lives; None: for ever."""
    bounds = (settings.max_connection_age, settings.drain_seconds / 2)
    return min((bound for bound in bounds if bound), default=None)
