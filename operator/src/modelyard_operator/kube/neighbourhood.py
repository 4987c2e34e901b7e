"""Watches what stands around routes and is not ours, and tells the deployments that it may concern."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from modelyard_operator.kube import neighbours, routes
from modelyard_operator.kube.informer import Informer
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.neighbours import Claim, Gateway, Grant, Neighbours
from modelyard_operator.kube.objects import Child, Key, Manifest, Resource
from modelyard_operator.kube.store import Store
from modelyard_operator.labels import DEPLOYMENT

FOREIGN = f"!{DEPLOYMENT}"
"""A label selector: what no operator of ours has made."""

_OFFERS = (
    (neighbours.ISTIO_GATEWAY, "Gateway of Istio", neighbours.istio_gateway),
    (neighbours.API_GATEWAY, "Gateway of the Gateway API", neighbours.api_gateway),
)
_CLAIMS = (
    (routes.VIRTUAL_SERVICE, "VirtualService of others", neighbours.virtual_service),
    (routes.HTTP_ROUTE, "HTTPRoute of others", neighbours.http_route),
)

Build = Callable[..., Informer[Any]]


def _itself(raw: Manifest) -> Key:
    return Key(raw["metadata"]["namespace"], raw["metadata"]["name"])


class Neighbourhood:
    """Gateways, the routes of others, and grants."""

    def __init__(
        self,
        build: Build,
        namespaces: Sequence[str],
        resources: Store[Resource],
        children: Mapping[str, Store[Child]],
        changed: Callable[[Key], None],
    ) -> None:
        """Empty stores.

        Args:
            build: makes an informer from a kind, its store, and what differs from an informer of children.
            namespaces: the ones that are watched; none: all are.
            resources: the ModelDeployments.
            children: their children, by kind; only what concerns these is watched.
            changed: told of each resource that a change may concern.
        """
        self._namespaces = namespaces
        self._resources = resources
        self._children = children
        self._changed = changed
        self._told: dict[tuple[str, Key], Gateway | Claim | Grant] = {}
        self._asked: dict[Key, tuple[frozenset[str], Key]] = {}
        """The hosts of each deployment that is at a Gateway, and that Gateway."""
        self._askers: dict[tuple[Key, str], set[Key]] = {}
        """By Gateway and host: the deployments that have it."""
        claims = [each for each in _CLAIMS if each[0].kind in children]
        groups = {kind.group for kind, *_ in claims}
        self._offers = {
            kind.group: self._informer(build, kind, name, project, None)
            for kind, name, project in _OFFERS
            if kind.group in groups
        }
        self._claims = tuple(
            self._informer(build, kind, name, project, FOREIGN) for kind, name, project in claims
        )
        kind = neighbours.REFERENCE_GRANT
        self._grants = tuple(
            self._informer(build, kind, kind.kind, neighbours.reference_grant, None)
            for _ in groups & {kind.group}
        )

    @property
    def informers(self) -> tuple[Informer[Any], ...]:
        """Those that fill the stores."""
        return (*self._offers.values(), *self._claims, *self._grants)

    def around(self, resource: Resource, routes_of: Iterable[Informer[Any]]) -> Neighbours:
        """What a deployment's routing finds in the cluster.

        Args:
            resource: the ModelDeployment.
            routes_of: the informers of the kinds that its own routes are made of.
        """
        home = resource.key.namespace
        unserved = {
            each.kind.kind: words
            for each in routes_of
            if (words := each.unavailable or each.refused.get(home))
        }
        for claim in self._claims:
            # Kinds come one after the other: none is taken for there before all of its group are looked at.
            for each in (claim, self._offers[claim.kind.group]):
                if each.is_missing and each.unavailable:
                    unserved.setdefault(claim.kind.kind, each.unavailable)
        hosts, gateway = asked(resource)
        if gateway is None:
            return Neighbours(unserved)
        unseen = {
            group
            for group, informer in self._offers.items()
            if (informer.unavailable and not informer.is_missing)
            or (self._namespaces and gateway.namespace not in self._namespaces)
            or gateway.namespace in informer.refused
        }
        found = (each.store.of(gateway).get(gateway.name) for each in self._offers.values())
        return Neighbours(
            unserved,
            tuple(each for each in found if each is not None),
            frozenset(unseen),
            tuple(sorted(self._claimed(resource.key, hosts, gateway), key=str)),
            tuple(self._granted(home)),
        )

    def note(self, key: Key) -> None:
        """A ModelDeployment has changed, come or gone: what it asks for is looked up by host."""
        resource = self._resources.of(key).get(key.name)
        hosts, gateway = (frozenset[str](), None) if resource is None else asked(resource)
        now = None if gateway is None else (hosts, gateway)
        before = self._asked.get(key)
        if now == before:
            return
        if before is not None:
            del self._asked[key]
            for host in before[0]:
                askers = self._askers[before[1], host]
                askers.remove(key)
                if not askers:
                    del self._askers[before[1], host]
        if now is not None:
            self._asked[key] = now
            for host in now[0]:
                self._askers.setdefault((now[1], host), set()).add(key)

    def _granted(self, home: str) -> Iterable[Grant]:
        for informer in self._grants:
            for owner in sorted(informer.store.owners()):
                for _, grant in sorted(informer.store.of(owner).items()):
                    if home in grant.routes_of:
                        yield grant

    def _claimed(self, key: Key, hosts: frozenset[str], gateway: Key) -> Iterable[Claim]:
        place = "/".join(gateway)
        for informer in self._claims:
            for owner in informer.store.owners():
                for claim in informer.store.of(owner).values():
                    if claim.hosts & hosts and place in claim.gateways:
                        yield claim
        others = {other for host in hosts for other in self._askers.get((gateway, host), ()) if other != key}
        for other in others:
            for informer in self._claims:
                kind = informer.kind.kind
                if self._children[kind].of(other):
                    yield Claim(kind, *other, self._asked[other][0], frozenset({place}))

    def _informer(
        self, build: Build, kind: Kind, name: str, project: Callable[[Manifest], Any], selector: str | None
    ) -> Informer[Any]:
        store: Store[Any] = Store(project, _itself, lambda owner: self._tell(name, store, owner))
        return build(kind, store, selector=selector, name=name)

    def _tell(self, name: str, store: Store[Any], owner: Key) -> None:
        """Wake the deployments with routes at gateways, if what they could see of the object changed."""
        now = store.of(owner).get(owner.name)
        if self._told.get((name, owner)) == now:
            return
        if now is None:
            del self._told[name, owner]
        else:
            self._told[name, owner] = now
        for key in list(self._asked):
            self._changed(key)


def asked(resource: Resource) -> tuple[frozenset[str], Key | None]:
    """The hosts of a stored spec, and the Gateway that they are at."""
    routing = resource.spec.get("routing") or {}
    gateway = routing.get("gateway")
    if gateway is None:
        return frozenset(), None
    namespace = gateway.get("namespace") or resource.key.namespace
    return frozenset(routing.get("hosts") or ()), Key(namespace, gateway["name"])
