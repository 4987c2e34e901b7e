"""All that the operator watches: our own kinds, each kind of child, and pods."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from random import Random
from typing import Any

from modelyard_operator.kube import approvals, project
from modelyard_operator.kube.approvals import APPROVAL, Approval
from modelyard_operator.kube.client import Client
from modelyard_operator.kube.informer import Informer, Timing
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.neighbourhood import Neighbourhood
from modelyard_operator.kube.neighbours import Neighbours
from modelyard_operator.kube.objects import Child, Key, Manifest, Pod, Resource
from modelyard_operator.kube.paths import OWN, POD
from modelyard_operator.kube.routes import ROUTE_KINDS
from modelyard_operator.kube.store import Store
from modelyard_operator.labels import DEPLOYMENT


def _itself(raw: Manifest) -> Key:
    return Key(raw["metadata"]["namespace"], raw["metadata"]["name"])


def _labelled(raw: Manifest) -> Key | None:
    metadata = raw["metadata"]
    name = (metadata.get("labels") or {}).get(DEPLOYMENT)
    return Key(metadata["namespace"], name) if name else None


class Caches:
    """Stores and the informers that fill them."""

    def __init__(
        self,
        client: Client,
        kinds: Iterable[Kind],
        *,
        namespaces: Sequence[str],
        changed: Callable[[Key], None],
        clock: Callable[[], float],
        random: Random,
        timing: Timing | None = None,
        own_timing: Timing | None = None,
    ) -> None:
        """Empty caches.

        Args:
            client: the connection.
            kinds: the kinds of children.
            namespaces: the ones to watch; none: all.
            changed: told of each resource whose own object, children or pods changed.
            clock: monotonic seconds.
            random: jitter.
            timing: waits of the watches.
            own_timing: waits of the lists of our own kind, which kopf watches.
        """
        self._changed = changed
        self.resources: Store[Resource] = Store(project.resource, _itself, self._own_changed)
        self.children: dict[str, Store[Child]] = {
            kind.kind: Store(partial(project.child, kind), _labelled, changed, Child.is_like)
            for kind in kinds
        }
        self.pods: Store[Pod] = Store(project.pod, _labelled, changed)
        self.approvals: Store[Approval] = Store(approvals.project, approvals.about, changed)

        def informer(kind: Kind, store: Store[Any], /, **more: Any) -> Informer[Any]:
            return Informer(
                client,
                kind,
                store,
                namespaces=namespaces,
                clock=clock,
                random=random,
                **({"selector": DEPLOYMENT, "timing": timing, "availability": self._availability} | more),
            )

        self.own: Informer[Resource] = informer(
            OWN, self.resources, selector=None, watch=False, timing=own_timing or timing
        )
        of_children = tuple(informer(kind, self.children[kind.kind]) for kind in kinds)
        self._routes = tuple(each for each in of_children if each.kind in ROUTE_KINDS)
        self._neighbourhood = Neighbourhood(informer, namespaces, self.resources, self.children, changed)
        self._approvals = informer(APPROVAL, self.approvals, selector=None)
        self.informers: tuple[Informer[Any], ...] = (
            self.own,
            *of_children,
            informer(POD, self.pods),
            self._approvals,
            *self._neighbourhood.informers,
        )

    async def run(self) -> None:
        """Fill the stores until cancelled."""
        async with asyncio.TaskGroup() as group:
            for informer in self.informers:
                group.create_task(informer.run(), name=f"informer {informer.kind.kind}")

    async def synced(self) -> None:
        """Every kind was listed once, or found to be unavailable."""
        for informer in self.informers:
            await informer.synced.wait()

    @property
    def ready(self) -> bool:
        """As `synced`, without waiting."""
        return all(informer.synced.is_set() for informer in self.informers)

    def unavailable(self, namespace: str | None = None) -> frozenset[str]:
        """Kinds of children, and pods, that cannot be had now.

        Args:
            namespace: there; None: anywhere.
        """
        others = (self.own, self._approvals, *self._neighbourhood.informers)
        return frozenset(
            i.kind.kind
            for i in self.informers
            if (i.unavailable or namespace in i.refused) and i not in others
        )

    def neighbours(self, resource: Resource) -> Neighbours:
        """What stands around a resource's routes and is not ours."""
        return self._neighbourhood.around(resource, self._routes)

    def unheard_approvals(self, namespace: str) -> str | None:
        """Why decisions of people cannot be seen in a namespace, in words; None: they can."""
        return self._approvals.unavailable or self._approvals.refused.get(namespace)

    def resource(self, key: Key) -> Resource | None:
        """A resource of ours as last seen."""
        return self.resources.of(key).get(key.name)

    def _own_changed(self, key: Key) -> None:
        self._neighbourhood.note(key)
        self._changed(key)

    def _availability(self) -> None:
        for key in list(self.resources.owners()):
            self._changed(key)
