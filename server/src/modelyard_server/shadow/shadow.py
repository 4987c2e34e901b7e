"""One pod's part in comparing two revisions: beside the requests, never in their way."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog

from modelyard_server.batching.base import DeadlineExceededError, QueueFullError
from modelyard_server.dataplane import DataPlane
from modelyard_server.edge.exchange import Exchange, Notes
from modelyard_server.engines.base import EngineError
from modelyard_server.errors import InvalidRequestError
from modelyard_server.shadow import join
from modelyard_server.shadow.backlog import Backlog, Seen
from modelyard_server.shadow.compare import Comparer
from modelyard_server.shadow.counts import Counts
from modelyard_server.shadow.digest import Digest, differences, digest, sketched
from modelyard_server.shadow.dropped import Dropped, DroppedError
from modelyard_server.shadow.pace import FLAT_SECONDS, Pace
from modelyard_server.shadow.part import Part, Role
from modelyard_server.shadow.sampling import draw
from modelyard_server.shadow.stamp import HEADER, holds

if TYPE_CHECKING:
    from modelyard_server.shadow.forward import Forwarder

log = structlog.get_logger(__name__)

AGAIN: Final = 0.1
"""Share of the compared requests whose stable answers are compared with stable ones, too."""
AGAIN_SECONDS: Final = 5.0
"""How long the model may take for that."""
WORKERS: Final = 2
"""Requests that are compared at once; as many as there may be copies where the pod sends them itself."""
BUSY: Final = 0.25
"""Share of the model's queue from which on requests are no more compared."""
_LARGE: Final = 32 * 1024


@dataclass(frozen=True, slots=True)
class Pod:
    """What the comparison needs of its pod.

    Attributes:
        plane: The data plane.
        comparer: Compares what its model answers.
        admin_token: The deployment's admin token now.
        cache_key: The secret key of the deployment's cache now.
        revision: Its revision.
        max_queue: Most items that wait for the engine.
    """

    plane: Callable[[], DataPlane]
    comparer: Callable[[], Comparer]
    admin_token: Callable[[], str | None]
    cache_key: Callable[[], bytes | None]
    revision: str
    max_queue: int


class Shadow:
    """Takes requests that were answered, and compares their answers; see `edge.edge.Shadowing`.

    Args:
        pod: See there.
        counts: Makes the metrics, once there is something to count.
        clock: Monotonic seconds.
        wall: Seconds since the epoch.

    Attributes:
        part: Which part the pod takes.
    """

    def __init__(
        self,
        pod: Pod,
        counts: Callable[[], Counts],
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.part = Part()
        self._pod = pod
        self._make_counts = counts
        self._known_counts: Counts | None = None
        self._clock = clock
        self._wall = wall
        self._backlog = Backlog()
        self._pace = Pace(clock)
        self._forwarder: Forwarder | None = None
        self._workers: list[asyncio.Task[None]] = []
        self._asking_again = False
        self._changing = asyncio.Lock()

    @property
    def _counts(self) -> Counts:
        if self._known_counts is None:
            self._known_counts = self._make_counts()
        return self._known_counts

    @property
    def waiting(self) -> int:
        """Requests that are not compared yet."""
        return len(self._backlog)

    async def configure(self, part: Part) -> None:
        """Take another part; what waits to be compared is forgotten."""
        async with self._changing:
            if part == self.part:
                return
            await self.close()
            self.part = part
            if part.role is None or part.pair is None:
                return
            self._counts.begin(part.pair)
            workers = WORKERS
            if part.forward is not None:
                self._forwarder, workers = await asyncio.to_thread(self._open, part.forward.url)
            self._workers = [asyncio.create_task(self._work(part.role)) for _ in range(workers)]

    async def close(self) -> None:
        """End what runs in the background."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._workers = []
        self._backlog = Backlog()
        forwarder, self._forwarder = self._forwarder, None
        if forwarder is not None:
            await forwarder.close()

    # --- beside the requests --------------------------------------------------------------------------
    def take(self, exchange: Exchange) -> None:
        """See `Shadowing.take`."""
        part, pair = self.part, self.part.pair or ""
        mark = exchange.headers.get(HEADER)
        token = self._pod.admin_token() if mark is not None else None
        if (
            mark is not None
            and token is not None
            and holds(mark, token, pair, exchange.request_id, self._wall())
        ):
            # It is compared where it comes from.
            exchange.copy = True
            return
        drawn = draw(pair, exchange.request_id)
        if drawn.first >= part.chosen:
            return
        if part.forward is None and exchange.headers.get(b"x-request-id") != exchange.request_id:
            self._counts.dropped(Dropped.UNNAMED)
            return
        if self._backlog.is_full:
            # Under load that is most of them: they cost no more than this.
            self._counts.dropped(Dropped.FULL)
            return
        exchange.notes = exchange.notes or Notes()
        exchange.notes.compared = drawn

    def note(self, exchange: Exchange, notes: Notes, status: int) -> None:
        """See `Shadowing.note`."""
        if status != 200 or notes.answers is None:
            return
        if self._pod.plane().batcher.waiting > BUSY * self._pod.max_queue:
            self._counts.dropped(Dropped.BUSY)
            return
        part, drawn = self.part, notes.compared
        compared = drawn.first < part.compared
        seen = Seen(
            route=exchange.route,
            request_id=exchange.request_id,
            headers=exchange.headers,
            path=notes.path,
            query=notes.query,
            body=notes.body,
            tensors=notes.tensors,
            parsed=notes.parsed,
            answers=notes.answers,
            compared=compared,
            again=compared and part.role is Role.STABLE and drawn.second < AGAIN,
        )
        try:
            self._backlog.put(seen)
        except DroppedError as dropped:
            self._counts.dropped(dropped.reason)

    # --- behind them ----------------------------------------------------------------------------------
    async def _work(self, role: Role) -> None:
        backlog = self._backlog
        while True:
            await self._pace.ready()
            seen, size = await backlog.take()
            try:
                await self._look(role, seen)
            except DroppedError as dropped:
                self._counts.dropped(dropped.reason)
            except Exception:
                log.exception("answers can't be compared", pair=self.part.pair, route=seen.route)
                self._counts.dropped(Dropped.FAILED)
            finally:
                backlog.done(size)

    async def _look(self, role: Role, seen: Seen) -> None:
        pair = self.part.pair or ""
        self._pace.spent(FLAT_SECONDS)
        if self._forwarder is not None:
            entries = await self._forwarder.ask(seen, pair, self._pod.admin_token())
            if seen.compared:
                own = await self._digest(seen.answers)
                self._compare(Role.CANDIDATE, own, self._sketched(own, entries))
        else:
            own = await self._digest(seen.answers)
            other = await join.meet(
                self._pod.plane().cache, self._pod.cache_key(), seen, own, pair=pair, role=role
            )
            if other is not None:
                stable, candidate = (own, other) if role is Role.STABLE else (other, own)
                self._compare(Role.CANDIDATE, stable, candidate)
        if seen.again:
            await self._again(seen)

    async def _again(self, seen: Seen) -> None:
        """Have the model answer once more: what differs then is noise."""
        plane = self._pod.plane()
        if seen.parsed is None or seen.parsed.remote or self._asking_again or plane.batcher.waiting:
            raise DroppedError(Dropped.BUSY)
        self._asking_again = True
        try:
            answers = await plane.predict(seen.parsed, fresh=True, deadline=self._clock() + AGAIN_SECONDS)
        except (QueueFullError, DeadlineExceededError, EngineError, InvalidRequestError):
            raise DroppedError(Dropped.BUSY) from None
        finally:
            self._asking_again = False
        self._compare(Role.STABLE, await self._digest(seen.answers), await self._digest(answers.answers))

    async def _digest(self, answers: Sequence[Any]) -> Digest:
        comparer = self._pod.comparer()
        began = self._clock()
        try:
            if sum(len(answer.fragment) for answer in answers) < _LARGE:
                return digest(comparer, answers)
            return await asyncio.to_thread(digest, comparer, answers)
        finally:
            self._pace.spent(self._clock() - began)

    def _sketched(self, own: Digest, entries: Sequence[Any]) -> Digest:
        try:
            return sketched(self._pod.comparer(), entries[: len(own.items)], len(entries))
        except DroppedError:
            # Another kind of model answers there.
            return Digest("", [None] * len(own.items))

    def _compare(self, against: Role, stable: Digest, other: Digest) -> None:
        began = self._clock()
        self._counts.compared(against, differences(self._pod.comparer(), stable, other))
        self._pace.spent(self._clock() - began)

    def _open(self, url: str) -> "tuple[Forwarder, int]":
        # Its HTTP client takes 0.1 s to import, for nothing where no copy is sent.
        from modelyard_server.shadow.forward import AT_ONCE, Forwarder  # noqa: PLC0415

        return Forwarder(url, self._pod.revision, self._wall), AT_ONCE
