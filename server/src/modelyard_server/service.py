"""What the routes share: one model on its way up, up, or on its way down."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from modelyard_server.batching import DynamicBatcher
from modelyard_server.batching.choice import BatchLimits
from modelyard_server.bodies import BodyReader
from modelyard_server.cache.base import Cache
from modelyard_server.cache.configure import configure_cache
from modelyard_server.cache.keys import Keyer
from modelyard_server.connections import ConnectionPolicy
from modelyard_server.dataplane import DataPlane
from modelyard_server.edge.edge import Edge, open_edge
from modelyard_server.engines.threads import default_threads
from modelyard_server.errors import not_ready
from modelyard_server.lifecycle import Lifecycle, State
from modelyard_server.metrics import Metrics
from modelyard_server.model import Model, warm_up
from modelyard_server.runtime import Runtime, RuntimeWatcher
from modelyard_server.settings import DEFAULT_MAX_BATCH, Settings
from modelyard_server.shadow.compare import COMPARERS, Comparer
from modelyard_server.shadow.counts import Counts
from modelyard_server.shadow.part import Part
from modelyard_server.shadow.shadow import Pod, Shadow

if TYPE_CHECKING:
    from modelyard_server.inputs.pictures import Pictures

log = structlog.get_logger(__name__)

# More threads than this only take turns for the interpreter.
_MAX_PREPARERS = 4

_BODIES_AT_ONCE = 16
"""How many of the largest bodies may be on their way together; smaller ones are more."""

LoadModel = Callable[[Settings], Model]


@dataclass
class Service:
    """A pod's state; routes are adapters over it.

    Attributes:
        settings: What the environment said.
        load_model: Loads the model; blocks.
        policy: Ends connections.
        metrics: What is counted.
        lifecycle: Where the pod stands.
        edge: Names, admits and notes requests.
        bodies: Reads requests' bodies.
        pictures: Fetches pictures that requests name; None: requests may name none.
        shadow: Compares answers with those of another revision.
    """

    settings: Settings
    load_model: LoadModel
    policy: ConnectionPolicy
    metrics: Metrics
    lifecycle: Lifecycle
    edge: Edge
    bodies: BodyReader
    pictures: "Pictures | None" = None
    shadow: Shadow = field(init=False)
    _plane: DataPlane | None = None
    _model: Model | None = None
    _comparer: Comparer | None = None
    _watcher: RuntimeWatcher = field(init=False)
    _watching: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self._watcher = RuntimeWatcher(self.settings.runtime_dir, self._reconfigure)
        pod = Pod(
            plane=lambda: self.plane,
            comparer=self._compares,
            admin_token=lambda: self.admin_token,
            cache_key=lambda: self._watcher.runtime.cache_key,
            revision=self.settings.revision,
            max_queue=self.settings.max_queue,
        )
        self.shadow = Shadow(pod, lambda: Counts(self.metrics.registry, self.metrics.identity))

    @classmethod
    def create(cls, settings: Settings, load_model: LoadModel) -> "Service":
        """Wire a service up from its settings.

        Raises:
            SettingsError: They can't be used.
        """
        metrics = Metrics(settings.deployment, settings.revision)
        return cls(
            settings=settings,
            load_model=load_model,
            policy=ConnectionPolicy(settings.max_connection_age),
            metrics=metrics,
            lifecycle=Lifecycle(model=settings.deployment, revision=settings.revision),
            edge=open_edge(settings, metrics),
            bodies=BodyReader(settings.max_body_bytes, _BODIES_AT_ONCE * settings.max_body_bytes),
            pictures=_open_pictures(settings),
        )

    @property
    def plane(self) -> DataPlane:
        """The data plane.

        Raises:
            ProblemError: 503, the model is not up yet.
        """
        if self._plane is None:
            raise not_ready(self.lifecycle.state.value)
        return self._plane

    @property
    def model(self) -> Model:
        """The model.

        Raises:
            ProblemError: 503, it is not up yet.
        """
        if self._model is None:
            raise not_ready(self.lifecycle.state.value)
        return self._model

    @property
    def admin_token(self) -> str | None:
        """The token of the admin routes, as the runtime volume has it now."""
        return self._watcher.runtime.admin_token

    async def start(self) -> None:
        """Load the model, warm it up and take traffic.

        Raises:
            SourceError: The model can't be loaded, in words for the resource's author.
        """
        await self.edge.start()
        await self._watcher.check()
        began = time.perf_counter()
        model = await asyncio.to_thread(self.load_model, self.settings)
        loaded = time.perf_counter()
        await asyncio.to_thread(warm_up, model)
        warmed = time.perf_counter()

        self.metrics.loaded(model.artifact.variant)
        batcher = self._batcher(model)
        self.metrics.watch_queue(lambda: batcher.waiting)
        keyer, cache = self._configured(self._watcher.runtime)
        self._plane = DataPlane(model.task, batcher, keyer, cache)
        self._model = model
        self._watching = asyncio.create_task(self._watcher.run())

        self.lifecycle.task = model.task_name
        self.lifecycle.load_seconds = round(loaded - began, 3)
        self.lifecycle.warm_seconds = round(warmed - loaded, 3)
        self.metrics.load_seconds.set(self.lifecycle.load_seconds)
        self.metrics.warm_seconds.set(self.lifecycle.warm_seconds)
        self._log_loaded(model)
        # A pod that is told to end while it loads must not become ready after that.
        if self.lifecycle.state is State.LOADING:
            self.lifecycle.state = State.READY
            self.metrics.ready.set(1)

    async def purge_cache(self) -> None:
        """Forget every answer of the deployment, in memory and in Redis.

        Raises:
            CacheUnreachableError: Redis did not answer.
        """
        # A pod that is not up yet holds no answer, and those that are up reach Redis.
        if self._plane is not None and self._plane.cache is not None:
            await self._plane.cache.purge()
            log.info("cache purged")

    def set_serving(self, serving: bool) -> None:
        """Note whether the pod's revision serves stable traffic; one that does not ends its connections."""
        self.lifecycle.serving = serving
        self._apply_closing()
        log.info("told whether the revision serves", serving=serving)

    async def set_shadow(self, part: Part) -> None:
        """Take part in comparing two revisions, or no more."""
        await self.shadow.configure(part)
        # Without a part, a request costs one look at this attribute.
        self.edge.shadow = self.shadow if self.shadow.part.role is not None else None
        log.info("told its part in a comparison", **part.model_dump(mode="json"))

    def drain(self) -> None:
        """Take no further traffic: not ready, and every connection ends with its next answer."""
        self.lifecycle.state = State.DRAINING
        self.metrics.ready.set(0)
        self._apply_closing()
        log.info("draining", seconds=self.settings.drain_seconds)

    async def stop(self) -> None:
        """End what runs in the background."""
        await self.edge.close()
        await self.shadow.close()
        if self.pictures is not None:
            await self.pictures.close()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        if self._plane is not None:
            # What was taken is answered first.
            await self._plane.batcher.close()
            if self._plane.cache is not None:
                await self._plane.cache.close()

    def _batcher(self, model: Model) -> DynamicBatcher:
        settings, metrics = self.settings, self.metrics
        most = settings.max_batch or model.max_batch or DEFAULT_MAX_BATCH
        return DynamicBatcher(
            model,
            limits=BatchLimits(items=model.task.fixed_batch or most),
            max_queue=settings.max_queue,
            max_delay=settings.max_delay,
            preparers=min(_MAX_PREPARERS, default_threads()),
            threads=model.threads,
            metrics=metrics,
            # Those that are not with the batcher yet: being read, parsed, looked up in the cache.
            arriving=lambda: metrics.in_flight - (self._plane.computing if self._plane else 0),
        )

    def _compares(self) -> Comparer:
        if self._comparer is None:
            self._comparer = COMPARERS[self.model.task_name](self.model.artifact)
        return self._comparer

    def _apply_closing(self) -> None:
        closing = self.lifecycle.state is State.DRAINING or not self.lifecycle.serving
        self.policy.close_all(closing)

    def _configured(self, runtime: Runtime) -> tuple[Keyer, Cache | None]:
        return configure_cache(
            runtime,
            deployment=f"{self.settings.namespace}/{self.settings.deployment}",
            revision=self.settings.revision,
            memory_bytes=self.settings.memory_cache_bytes,
            metrics=self.metrics,
        )

    async def _reconfigure(self, runtime: Runtime) -> None:
        if self._plane is None:
            return
        old = self._plane.cache
        self._plane.keyer, self._plane.cache = self._configured(runtime)
        log.info("cache configured", cache=runtime.cache.model_dump() if runtime.cache else None)
        if old is not None:
            await old.close()

    def _log_loaded(self, model: Model) -> None:
        artifact = model.artifact
        for assumed in artifact.assumed:
            log.info("assumed", what=assumed)
        log.info(
            "model loaded",
            task=model.task_name,
            file=str(artifact.model_file),
            variant=artifact.variant,
            engine=model.engine_name,
            precision=model.precision,
            threads=model.threads,
            load_seconds=self.lifecycle.load_seconds,
            warm_seconds=self.lifecycle.warm_seconds,
        )


def _open_pictures(settings: Settings) -> "Pictures | None":
    if not settings.image_hosts:
        return None
    # Its HTTP client takes 0.1 s to import, for nothing where no picture is fetched.
    from modelyard_server.inputs.pictures import Pictures  # noqa: PLC0415

    return Pictures.create(settings)
