"""From a checked request to its answers: cache, single flight, batcher, store. It knows no protocol."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modelyard_server.batching.base import Batcher
from modelyard_server.cache.base import Cache
from modelyard_server.cache.keys import Keyer
from modelyard_server.flights import Flights
from modelyard_server.tasks.base import Answer, Item, Parsed, Task


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
    """

    parsed: Parsed
    keys: Sequence[bytes]
    answers: list[Answer | None]


class DataPlane:
    """Answers requests for one model.

    `cache` and `keyer` may be replaced while requests are under way.

    Args:
        task: What the model does.
        batcher: Runs it.
        keyer: Makes the keys of cache and single flight.
        cache: Keeps answers; None: nothing is kept.
    """

    def __init__(self, task: Task, batcher: Batcher, keyer: Keyer, cache: Cache | None = None) -> None:
        self.task = task
        self.batcher = batcher
        self.keyer = keyer
        self.cache = cache
        self._flights = Flights()

    def begin(self, parsed: Parsed, *, fresh: bool = False) -> Answers | Pending:
        """Answer from what this process holds, without waiting, if that is enough.

        Args:
            parsed: The request.
            fresh: Whether the client wants no cached answer.
        """
        task = self.task
        keys = self.keyer(
            task.canonical_parameters(parsed.parameters), [task.canonical(value) for value in parsed.values]
        )
        if self.cache is None or fresh:
            return Pending(parsed, keys, [None] * len(keys))
        found = self.cache.get_local(keys)
        if None in found:
            return Pending(parsed, keys, found)
        return Answers(found, len(found))  # type: ignore[arg-type]  # no None is in it

    async def finish(self, pending: Pending, *, fresh: bool = False) -> Answers:
        """Get the answers that are missing. Cancelling drops what nobody else waits for.

        Raises:
            QueueFullError: Too much waits already.
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

        wanted = [key for key in missing if key not in known]
        if wanted:

            async def compute(keys: Sequence[bytes]) -> Mapping[bytes, Answer]:
                values, parameters = pending.parsed.values, pending.parsed.parameters
                items = [Item(values[missing[key]], parameters) for key in keys]
                computed = dict(zip(keys, await self.batcher.submit(items), strict=True))
                if self.cache is not None:
                    self.cache.put(computed)
                return computed

            known.update(await self._flights.fetch(wanted, compute))
        return Answers([answer or known[key] for key, answer in self._pairs(pending)], cached)

    async def predict(self, parsed: Parsed, *, fresh: bool = False) -> Answers:
        """Answer a request, wherever its answers come from; raises as `finish`."""
        begun = self.begin(parsed, fresh=fresh)
        return begun if isinstance(begun, Answers) else await self.finish(begun, fresh=fresh)

    @staticmethod
    def _pairs(pending: Pending) -> list[tuple[bytes, Answer | None]]:
        return list(zip(pending.keys, pending.answers, strict=True))
