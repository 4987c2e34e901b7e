"""`modelyard-server serve`: one process, one event loop, and an orderly end."""

import asyncio
import gc
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from types import FrameType

import structlog
import uvicorn
from prometheus_client import disable_created_metrics

from modelyard_server import contract
from modelyard_server.app import create_app
from modelyard_server.connections import most_connections, raise_file_limit
from modelyard_server.engines.threads import default_threads
from modelyard_server.logs import configure_logging
from modelyard_server.model import load_model
from modelyard_server.protocol import protocol_class
from modelyard_server.report import SourceError, write_report
from modelyard_server.routes import predict
from modelyard_server.service import Service
from modelyard_server.settings import Settings, SettingsError, termination_log

log = structlog.get_logger(__name__)

Wire = Callable[[Settings], Service]

# Longer than the idle timeouts of the load balancers in front (60 s on AWS, 600 s on Google Cloud), so that
# it is never the server that ends an idle connection while a request is on its way to it.
KEEP_ALIVE_SECONDS = 620
# Connections that the kernel keeps until they are accepted; it caps them at net.core.somaxconn.
_BACKLOG = 4096
# What is under way when the drain is over may take this long yet.
_SHUTDOWN_SECONDS = 30


class Server(uvicorn.Server):
    """uvicorn, except that the model loads behind its back and SIGTERM drains first.

    Args:
        config: uvicorn's.
        service: The pod.
        clock: Monotonic seconds.
    """

    def __init__(
        self, config: uvicorn.Config, service: Service, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(config)
        self._service = service
        self._clock = clock
        self._terminated = False
        self._ends_at: float | None = None
        self._loading: asyncio.Task[None] | None = None
        self.failure: SourceError | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """SIGTERM drains; a second one, or SIGINT, ends at once. The process then ends with status 0."""
        if self._terminated or sig == signal.SIGINT:
            self.should_exit = True
        self._terminated = True

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: start loading, look after the connections, let the drain begin and end."""
        if self._loading is None:
            self._loading = asyncio.create_task(self._load())
        if counter % 10 == 0:
            self._service.policy.look()
        if self._terminated and self._ends_at is None:
            self._ends_at = self._clock() + self._service.settings.drain_seconds
            self._service.drain()
        if self._ends_at is not None and self._clock() >= self._ends_at:
            self.should_exit = True
        return await super().on_tick(counter)

    async def _load(self) -> None:
        try:
            await self._service.start()
        except SourceError as error:
            self.failure = error
        except Exception as error:
            log.exception("loading failed")
            self.failure = SourceError(
                contract.REASON_INTERNAL, f"{type(error).__name__}: {error}", permanent=False
            )
        if self.failure is not None:
            self.should_exit = True
            return
        # What is loaded now stays: the collector need not walk it under every few hundred requests.
        gc.collect()
        gc.freeze()


def wire_service(settings: Settings) -> Service:
    """The service of a pod; raises SettingsError."""
    return Service.create(settings, load_model)


def run(environ: Mapping[str, str], wire: Wire = wire_service) -> int:
    """Serve until told to end.

    Args:
        environ: The contract's variables.
        wire: Wires the service up.

    Returns:
        The process' exit status: 0 after an orderly end, 1 when the model could not be served.
    """
    try:
        settings = Settings.from_environ(environ)
        service = wire(settings)
    except SettingsError as error:
        configure_logging()
        return _fail(SourceError(contract.REASON_INTERNAL, str(error), permanent=True), environ)
    configure_logging(deployment=f"{settings.namespace}/{settings.deployment}", revision=settings.revision)
    # The tokenizers' own pool would take every core of the node, whatever the container's limit.
    os.environ.setdefault("RAYON_NUM_THREADS", str(settings.threads or default_threads()))

    # When a counter began is told by its resets; the stamps would be a third of all series.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    service.policy.most = most_connections(raise_file_limit())
    config = uvicorn.Config(
        create_app(service),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=protocol_class(service.policy, predict.PATH, predict.PredictEndpoint(service).answer_now),
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        # Who asks is told by the connection; headers that name another address can be written by anybody.
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    server = Server(config, service)
    uvicorn_run(server, service)
    if server.failure is not None:
        return _fail(server.failure, environ)
    return 0


def uvicorn_run(server: Server, service: Service) -> None:
    """Run a server on a fresh loop and end its service on the same one."""

    async def serve() -> None:
        try:
            async with rpc_beside(service):
                await server.serve()
        finally:
            await service.stop()

    with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        runner.run(serve())


@asynccontextmanager
async def rpc_beside(service: Service) -> AsyncIterator[None]:
    """Serve gRPC too, where the settings give it a port.

    Args:
        service: The pod.

    Raises:
        RuntimeError: The port can't be had.
    """
    if service.settings.grpc_port is None:
        yield
        return
    # Its import takes 0.2 s and 15 MB, for nothing where it is off.
    from modelyard_server.rpc.server import RpcServer  # noqa: PLC0415

    rpc = RpcServer(service)
    await rpc.start()
    try:
        yield
    finally:
        await rpc.stop()


def _fail(error: SourceError, environ: Mapping[str, str]) -> int:
    log.error("the model can't be served", reason=error.reason, error=error.message)
    write_report(error.payload(), termination_log(environ))
    return 1
