"""The gRPC server beside the HTTP one, on the same event loop."""

import asyncio
from typing import Any, Final

import grpc
import grpc.aio
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from modelyard_server.rpc.inference import SERVICE, Inference
from modelyard_server.service import Service

log = structlog.get_logger(__name__)

# A message holds a little beside the tensors' bytes.
_MESSAGE_OVERHEAD: Final = 64 * 1024
# What is under way when a connection or the server ends may take this long yet.
_GRACE_SECONDS: Final = 30.0
# A connection that comes to a pod which is on its way out.
_CLOSING_AGE_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.2


class RpcServer:
    """Serves gRPC until it is stopped.

    Connections end as those of HTTP do (see `connections.py`): by GOAWAY after the age that the settings
    say, at once when the pod no longer serves stable traffic or drains; gRPC itself adds the jitter. gRPC
    tells no single connection to go, so a pod whose connections are to end takes them over to a new
    listener on the same port and stops the old one, which ends them without costing a call.

    Args:
        service: The pod.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._health = health.aio.HealthServicer()
        self._closing = False
        self._server: grpc.aio.Server | None = None
        self._stopping: set[asyncio.Task[None]] = set()
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
            self._retire(self._server)
            self._server = None
        await asyncio.gather(*self._stopping)

    async def _listen(self) -> grpc.aio.Server:
        settings = self._service.settings
        age = _CLOSING_AGE_SECONDS if self._closing else settings.max_connection_age
        options: list[tuple[str, Any]] = [
            ("grpc.max_receive_message_length", settings.max_body_bytes + _MESSAGE_OVERHEAD),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 1),
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
        """Follow what the pod is told; it happens a few times in a pod's life."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self._tell_health()
            if self._service.policy.closing != self._closing:
                self._closing = self._service.policy.closing
                old, self._server = self._server, await self._listen()
                if old is not None:
                    self._retire(old)

    def _retire(self, server: grpc.aio.Server) -> None:
        task = asyncio.create_task(server.stop(_GRACE_SECONDS))
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    async def _tell_health(self) -> None:
        ready = self._service.lifecycle.ready
        status = (
            health_pb2.HealthCheckResponse.SERVING if ready else health_pb2.HealthCheckResponse.NOT_SERVING
        )
        for name in ("", SERVICE):
            await self._health.set(name, status)
