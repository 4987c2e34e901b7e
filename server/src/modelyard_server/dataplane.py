"""From a checked request to its answers: cache, single flight, batcher, store. It knows no protocol."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from modelyard_server.batching.base import Batcher, DeadlineExceededError
from modelyard_server.cache.base import Cache
from modelyard_server.cache.keys import Keyer
from modelyard_server.errors import InvalidRequestError
from modelyard_server.flights import Flights
from modelyard_server.tasks.base import Answer, InvalidItemError, Item, Parsed, Task


@dataclass(frozen=True, slots=True)
class Answers:
    """What a request gets.

    Attributes:
        answers: One an item, in order.
        cached: How many of them came from a cache.
    """

    answers: Sequence[Answer]
    cached: int


@dataclass(slots=True)
class Pending:
    """A request of which this process does not hold every answer.

    Attributes:
        parsed: The request.
        keys: The key of each item.
        answers: The answers so far.
        sizes: Bytes of each item in its canonical form.
    """

    parsed: Parsed
    keys: Sequence[bytes]
    answers: list[Answer | None]
    sizes: Sequence[int]


class DataPlane:
    """Answers requests for one model.

    `cache` and `keyer` may be replaced while requests are under way.

    Args:
        task: What the model does.
        batcher: Runs it.
        keyer: Makes the keys of cache and single flight.
        cache: Keeps answers; None: nothing is kept.
        clock: Monotonic seconds, of the same clock as deadlines.

    Attributes:
        computing: How many requests wait for the model's answers now.
    """

    def __init__(
        self,
        task: Task,
        batcher: Batcher,
        keyer: Keyer,
        cache: Cache | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.task = task
        self.batcher = batcher
        self.keyer = keyer
        self.cache = cache
        self.computing = 0
        self._clock = clock
        # What is wrong with one request is no matter of the others that want an item of it.
        self._flights = Flights((InvalidItemError, DeadlineExceededError), self._keep)

    def begin(self, parsed: Parsed, *, fresh: bool = False) -> Answers | Pending:
        """Answer from what this process holds, without waiting, if that is enough.

        Args:
            parsed: The request.
            fresh: Whether the client wants no cached answer.

        Raises:
            QueueFullError: Too much waits already, and nobody but the model could answer; to refuse without
                a task of its own costs a crowded server little.
        """
        task = self.task
        canonical = [task.canonical(value) for value in parsed.values]
        keys = self.keyer(task.canonical_parameters(parsed.parameters), canonical)
        found: list[Answer | None] = [None] * len(keys)
        if self.cache is not None and not fresh:
            found = self.cache.get_local(keys)
            if None not in found:
                return Answers(found, len(found))  # type: ignore[arg-type]  # no None is in it
        sizes = [len(content) for content in canonical]
        if self.cache is None or fresh:
            wanted = dict(zip(keys, sizes, strict=True))
            # What is being computed already needs no room.
            if not any(key in self._flights for key in wanted):
                self.batcher.admit(len(wanted), sum(wanted.values()))
        return Pending(parsed, keys, found, sizes)

    async def finish(
        self, pending: Pending, *, fresh: bool = False, deadline: float | None = None
    ) -> Answers:
        """Get the answers that are missing. Cancelling drops what nobody else waits for.

        Args:
            pending: The request.
            fresh: Whether the client wants no cached answer.
            deadline: Monotonic seconds after which the client wants no answer; None: there is none.

        Raises:
            InvalidRequestError: An item turned out to be wrong when it was prepared.
            QueueFullError: Too much waits already.
            DeadlineExceededError: The deadline passed before the model got to it.
            EngineError: The model failed.
        """
        # Equal items of one request are one question.
        missing: dict[bytes, int] = {}
        for index, answer in enumerate(pending.answers):
            if answer is None:
                missing.setdefault(pending.keys[index], index)
        known: dict[bytes, Answer] = {}
        if self.cache is not None and not fresh:
            remote = await self.cache.get_remote(list(missing))
            known = {key: answer for key, answer in zip(missing, remote, strict=True) if answer is not None}
        cached = sum(answer is not None or key in known for key, answer in self._pairs(pending))

        wanted = {key: index for key, index in missing.items() if key not in known}
        if wanted:
            self.computing += 1
            try:
                known.update(await self._computed(pending, wanted, deadline))
            finally:
                self.computing -= 1
        return Answers([answer or known[key] for key, answer in self._pairs(pending)], cached)

    async def predict(self, parsed: Parsed, *, fresh: bool = False, deadline: float | None = None) -> Answers:
        """Answer a request, wherever its answers come from; raises as `finish`."""
        begun = self.begin(parsed, fresh=fresh)
        if isinstance(begun, Answers):
            return begun
        return await self.finish(begun, fresh=fresh, deadline=deadline)

    async def _computed(
        self, pending: Pending, wanted: Mapping[bytes, int], deadline: float | None
    ) -> Mapping[bytes, Answer]:
        """Have the model answer items that nobody is computing yet, and wait for the others.

        Args:
            pending: The request.
            wanted: Keys, and the index of the item of each.
            deadline: See `finish`.
        """
        parsed = pending.parsed
        indexes: list[int] = []

        def compute(keys: Sequence[bytes]) -> asyncio.Future[list[Answer]]:
            indexes[:] = [wanted[key] for key in keys]
            items = [Item(parsed.values[index], parsed.parameters, pending.sizes[index]) for index in indexes]
            return self.batcher.submit(items, deadline)

        seconds = None if deadline is None else deadline - self._clock()
        try:
            return await self._flights.fetch(list(wanted), compute, seconds)
        except InvalidItemError as error:
            # It is of what this request began last: of others' wrong items it does not hear.
            place = (*parsed.loc, indexes[error.index])
            raise InvalidRequestError(place, error.msg, error.kind) from error
        except TimeoutError:
            raise DeadlineExceededError from None

    def _keep(self, answers: Mapping[bytes, Answer]) -> None:
        if self.cache is not None:
            self.cache.put(answers)

    @staticmethod
    def _pairs(pending: Pending) -> list[tuple[bytes, Answer | None]]:
        return list(zip(pending.keys, pending.answers, strict=True))
