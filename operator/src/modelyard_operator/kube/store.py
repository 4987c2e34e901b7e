"""What an informer keeps: the newest known state of each object, by the resource that it belongs to.

Three sources write here: watch events, lists, and the answers of the operator's own writes. They arrive out
of order, so each is judged: an event older than what is held is dropped, a list is believed about what was
held before it began and not about what was written since, and a uid that is gone never returns.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from modelyard_operator.kube.objects import Key, Manifest

T = TypeVar("T")

TOMBSTONES = 10_000
"""Uids remembered as gone; each list or event that could bring one back is at most minutes old."""

FOREVER = 2**63


def version_of(raw: Manifest) -> int:
    """An object's resourceVersion as a number: comparable (KEP-5504), and larger is newer."""
    version = raw["metadata"].get("resourceVersion") or "0"
    return int(version) if version.isdigit() else 0


def _never(before: object, after: object) -> bool:  # noqa: ARG001 - the seam
    return False


@dataclass(slots=True)
class _Entry(Generic[T]):
    uid: str
    version: int
    written: int
    """The store's count of changes when this was stored."""
    owner: Key
    value: T


class Store(Generic[T]):
    """The objects of one kind."""

    def __init__(
        self,
        project: Callable[[Manifest], T],
        owner: Callable[[Manifest], Key | None],
        changed: Callable[[Key], None],
        same: Callable[[T, T], bool] = _never,
    ) -> None:
        """A store without objects.

        Args:
            project: what to keep of a raw object.
            owner: the resource that a raw object belongs to; None: it is not kept.
            changed: told of each resource whose objects changed.
            same: whether two states of an object differ in nothing that anybody looks at.
        """
        self._same = same
        self._project = project
        self._owner = owner
        self._changed = changed
        self._entries: dict[tuple[str, str], _Entry[T]] = {}
        self._by_owner: dict[Key, dict[str, T]] = {}
        self._gone: OrderedDict[str, int] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return len(self._entries)

    def of(self, owner: Key) -> Mapping[str, T]:
        """The objects of one resource, by their names."""
        return self._by_owner.get(owner, {})

    def owners(self) -> Iterable[Key]:
        """Every resource that has objects here."""
        return self._by_owner.keys()

    def put(self, raw: Manifest) -> bool:
        """Take an ADDED or MODIFIED event, or the answer of a write; False: what is held is newer."""
        metadata = raw["metadata"]
        name = (metadata["namespace"], metadata["name"])
        held = self._entries.get(name)
        version = version_of(raw)
        if version <= self._gone.get(metadata["uid"], -1) or (held and version <= held.version):
            return False
        self._set(name, raw, version)
        return True

    def drop(self, raw: Manifest) -> bool:
        """Take a DELETED event; False: what is held is newer."""
        metadata = raw["metadata"]
        name = (metadata["namespace"], metadata["name"])
        held = self._entries.get(name)
        # With a selector, DELETED also means "its labels no longer match", so the uid may live on: it is gone
        # only up to this version. Remembered because the answer of a slow write may still bring an older one.
        self._bury(metadata["uid"], version_of(raw))
        if held is None or held.version > version_of(raw):
            return False
        self._remove(name)
        return True

    def gone(self, namespace: str, name: str, uid: str) -> None:
        """Take the answer of a delete: this uid exists no longer."""
        self._bury(uid, FOREVER)
        held = self._entries.get((namespace, name))
        if held and held.uid == uid:
            self._remove((namespace, name))

    def listing(self) -> "Listing[T]":
        """Begin to take a list: call this before the list is asked for."""
        return Listing(self, self._count)

    def clear(self) -> None:
        """The kind itself is gone, and with it every object."""
        for name in list(self._entries):
            self._remove(name)

    def _set(self, name: tuple[str, str], raw: Manifest, version: int) -> None:
        owner = self._owner(raw)
        held = self._entries.get(name)
        if held and held.owner != owner:
            self._remove(name)
        if owner is None:
            return
        self._count += 1
        value = self._project(raw)
        is_told = held is not None and held.owner == owner and self._same(held.value, value)
        self._entries[name] = _Entry(raw["metadata"]["uid"], version, self._count, owner, value)
        self._by_owner.setdefault(owner, {})[name[1]] = value
        if not is_told:
            self._changed(owner)

    def _remove(self, name: tuple[str, str]) -> None:
        entry = self._entries.pop(name)
        self._count += 1
        objects = self._by_owner[entry.owner]
        del objects[name[1]]
        if not objects:
            del self._by_owner[entry.owner]
        self._changed(entry.owner)

    def _bury(self, uid: str, version: int) -> None:
        self._gone[uid] = version
        if len(self._gone) > TOMBSTONES:
            self._gone.popitem(last=False)

    def _take(self, raw: Manifest, mark: int) -> bool:
        metadata = raw["metadata"]
        name = (metadata["namespace"], metadata["name"])
        held = self._entries.get(name)
        version = version_of(raw)
        if version <= self._gone.get(metadata["uid"], -1):
            return False
        if held and (version == held.version or (held.written > mark and version < held.version)):
            return False
        self._set(name, raw, version)
        return True

    def _sweep(self, seen: set[tuple[str, str]], mark: int, spare: Collection[str]) -> int:
        lost = [
            n for n, e in self._entries.items() if n not in seen and e.written <= mark and n[0] not in spare
        ]
        for name in lost:
            self._remove(name)
        return len(lost)


class Listing(Generic[T]):
    """A list on its way into a store, page by page.

    About what was stored before it began the list is right, whatever the versions say (a restored etcd
    counts back); what was written since is kept unless the list has a newer version.
    """

    def __init__(self, store: Store[T], mark: int) -> None:
        self._store = store
        self._mark = mark
        self._seen: set[tuple[str, str]] = set()
        self.differed = 0
        """Objects that were not as the store held them, so far."""

    def page(self, raws: Iterable[Manifest]) -> None:
        """Take one page."""
        for raw in raws:
            metadata = raw["metadata"]
            self._seen.add((metadata["namespace"], metadata["name"]))
            self.differed += self._store._take(raw, self._mark)

    def finish(self, spare: Collection[str] = ()) -> None:
        """After the last page: what the list does not have is gone, but in namespaces that it leaves out.

        Args:
            spare: those namespaces.
        """
        self.differed += self._store._sweep(self._seen, self._mark, spare)
