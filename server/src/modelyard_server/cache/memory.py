"""The first level: a least-recently-used map in this process, bounded by bytes."""

from collections import OrderedDict
from collections.abc import Callable

from modelyard_server.tasks.base import Answer

# A dictionary entry, a bytes key, an Answer with its bytes and a tuple with a float, in CPython.
ENTRY_OVERHEAD = 360


class MemoryCache:
    """Keeps answers until they expire or room is needed.

    Args:
        max_bytes: Size of all entries, overhead included.
        clock: Seconds since the epoch, of the same clock as the expiries.
    """

    def __init__(self, max_bytes: int, clock: Callable[[], float]) -> None:
        self._max_bytes = max_bytes
        self._clock = clock
        self._entries: OrderedDict[bytes, tuple[Answer, float]] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes) -> Answer | None:
        """The answer under a key; None where there is none that is still good."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[1] <= self._clock():
            self._remove(key)
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: bytes, answer: Answer, expires: float) -> None:
        """Keep an answer until `expires`; one that is larger than the whole cache is not kept."""
        if key in self._entries:
            self._remove(key)
        size = _size(key, answer)
        if size > self._max_bytes:
            return
        self._entries[key] = (answer._replace(fragment=_exact(answer.fragment)), expires)
        self.bytes += size
        while self.bytes > self._max_bytes:
            self._remove(next(iter(self._entries)))

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self.bytes = 0

    def _remove(self, key: bytes) -> None:
        answer, _ = self._entries.pop(key)
        self.bytes -= _size(key, answer)


def _exact(fragment: bytes) -> bytes:
    """A copy that takes no more room than it needs: what a serializer made keeps the room it began with."""
    return bytes(memoryview(fragment))


def _size(key: bytes, answer: Answer) -> int:
    return len(key) + len(answer.fragment) + ENTRY_OVERHEAD
