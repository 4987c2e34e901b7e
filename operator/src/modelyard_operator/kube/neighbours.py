"""What stands around a route and is not ours: Gateways, routes of others for the same hosts, and grants.

No I/O.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.kube.routes import GATEWAY_API, HTTP_ROUTE, ISTIO, VIRTUAL_SERVICE

_READ = ("list", "watch")
ISTIO_GATEWAY = Kind(f"{ISTIO}/v1", "Gateway", "gateways", verbs=_READ, is_optional=True)
API_GATEWAY = Kind(f"{GATEWAY_API}/v1", "Gateway", "gateways", verbs=_READ, is_optional=True)
REFERENCE_GRANT = Kind(
    f"{GATEWAY_API}/v1beta1", "ReferenceGrant", "referencegrants", verbs=_READ, is_optional=True
)
"""Who may point a route at a Service of another namespace.
https://gateway-api.sigs.k8s.io/api-types/referencegrant/"""
NEIGHBOUR_KINDS = (ISTIO_GATEWAY, API_GATEWAY, REFERENCE_GRANT)

_TLS = frozenset({"HTTPS", "TLS"})


@dataclass(frozen=True, slots=True)
class Listener:
    """One place at which a Gateway takes requests."""

    hosts: tuple[str, ...]
    """Host names, `*.` before a name for all below it; empty: any."""
    port: int
    is_tls: bool

    def takes(self, host: str) -> bool:
        """Whether requests for this host (or pattern of hosts) come in here."""
        return not self.hosts or any(_covers(pattern, host) for pattern in self.hosts)


@dataclass(frozen=True, slots=True)
class Gateway:
    """A Gateway of somebody's."""

    group: str
    namespace: str
    name: str
    listeners: tuple[Listener, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """A route of somebody else's that takes every request for its hosts."""

    kind: str
    namespace: str
    name: str
    hosts: frozenset[str]
    gateways: frozenset[str]
    """As NAMESPACE/NAME."""

    def __str__(self) -> str:
        """For people."""
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Grant:
    """A namespace that lets HTTPRoutes of others point at its Services."""

    namespace: str
    name: str
    routes_of: frozenset[str]
    """The namespaces of the HTTPRoutes."""
    services: frozenset[str] | None
    """None: all of them."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What one deployment's routing finds in the cluster."""

    unserved: Mapping[str, str] = field(default_factory=dict)
    """Of the kinds that routes are made of, those that cannot be had, and why, in words."""
    gateways: tuple[Gateway, ...] = ()
    """Those of the namespace and name that the spec gives: one of each group at most."""
    unseen: frozenset[str] = frozenset()
    """Groups whose Gateways the operator cannot look at: whether one exists, nobody can tell."""
    claims: tuple[Claim, ...] = ()
    """Of the spec's hosts, at the spec's gateway."""
    grants: tuple[Grant, ...] = ()
    """Those to the HTTPRoutes of the deployment's namespace."""

    def gateway(self, group: str) -> Gateway | None:
        """The Gateway of this API group."""
        return next((each for each in self.gateways if each.group == group), None)

    def may_reach(self, namespace: str, service: str) -> bool:
        """Whether an HTTPRoute of the deployment's may point at a Service of another namespace."""
        return any(
            each.namespace == namespace and (each.services is None or service in each.services)
            for each in self.grants
        )


NOBODY = Neighbours()


def istio_gateway(raw: Manifest) -> Gateway:
    """An Istio Gateway. A host may have a namespace before it, which says whose routes it takes."""
    listeners = []
    for server in (raw.get("spec") or {}).get("servers") or ():
        hosts = tuple(each.rpartition("/")[2] for each in server.get("hosts") or ())
        port = server.get("port") or {}
        is_tls = port.get("protocol", "").upper() in _TLS
        listeners.append(Listener(() if "*" in hosts else hosts, int(port.get("number", 0)), is_tls))
    return _gateway(ISTIO, raw, listeners)


def api_gateway(raw: Manifest) -> Gateway:
    """A Gateway of the Gateway API."""
    listeners = [
        Listener(
            (each["hostname"],) if each.get("hostname") else (),
            int(each["port"]),
            each.get("protocol", "") in _TLS,
        )
        for each in (raw.get("spec") or {}).get("listeners") or ()
    ]
    return _gateway(GATEWAY_API, raw, listeners)


def _gateway(group: str, raw: Manifest, listeners: Iterable[Listener]) -> Gateway:
    metadata = raw["metadata"]
    return Gateway(group, metadata["namespace"], metadata["name"], tuple(listeners))


def reference_grant(raw: Manifest) -> Grant:
    """A ReferenceGrant, as far as it is about HTTPRoutes and Services."""
    spec, metadata = raw.get("spec") or {}, raw["metadata"]
    to = [each for each in spec.get("to") or () if (each.get("group"), each.get("kind")) == ("", "Service")]
    return Grant(
        metadata["namespace"],
        metadata["name"],
        frozenset(
            each["namespace"]
            for each in spec.get("from") or ()
            if (each.get("group"), each.get("kind")) == (GATEWAY_API, HTTP_ROUTE.kind)
        ),
        None if any(not each.get("name") for each in to) else frozenset(each["name"] for each in to),
    )


def virtual_service(raw: Manifest) -> Claim:
    """A VirtualService of somebody else's."""
    spec = raw.get("spec") or {}
    takes_all = any(_is_catch_all(rule) for rule in spec.get("http") or ())
    namespace = raw["metadata"]["namespace"]
    gateways = {_istio_name(each, namespace) for each in spec.get("gateways") or ()}
    return _claim(VIRTUAL_SERVICE, raw, spec.get("hosts") if takes_all else (), gateways)


def _is_catch_all(rule: Mapping[str, Any]) -> bool:
    matches = rule.get("match") or ()
    return not matches or any(
        match.keys() <= {"uri", "name", "gateways", "port"}
        and (match.get("uri") or {"prefix": "/"}) == {"prefix": "/"}
        for match in matches
    )


def _istio_name(gateway: str, namespace: str) -> str:
    """`NAMESPACE/NAME` of a Gateway as a VirtualService names it."""
    if "/" in gateway:
        return gateway
    name, _, rest = gateway.partition(".")  # The old form: NAME.NAMESPACE.svc.DOMAIN.
    return f"{rest.partition('.')[0] or namespace}/{name}"


def http_route(raw: Manifest) -> Claim:
    """An HTTPRoute of somebody else's. Without hostnames it gives way to one that names a host."""
    spec = raw.get("spec") or {}
    found: list[Manifest] = []
    for rule in spec.get("rules") or ():
        found.extend(rule.get("matches") or ({"path": {}},))
    takes_all = any(
        match.keys() <= {"path"}
        and (match.get("path") or {}).get("value", "/") == "/"
        and (match.get("path") or {}).get("type", "PathPrefix") == "PathPrefix"
        for match in found
    )
    namespace = raw["metadata"]["namespace"]
    gateways = {
        f"{each.get('namespace') or namespace}/{each['name']}"
        for each in spec.get("parentRefs") or ()
        if each.get("kind", "Gateway") == "Gateway"
    }
    return _claim(HTTP_ROUTE, raw, spec.get("hostnames") if takes_all else (), gateways)


def _claim(kind: Kind, raw: Manifest, hosts: Iterable[str] | None, gateways: Iterable[str]) -> Claim:
    metadata = raw["metadata"]
    named = frozenset(host.lower() for host in hosts or ())
    return Claim(kind.kind, metadata["namespace"], metadata["name"], named, frozenset(gateways))


def _covers(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        return host.removeprefix("*").endswith(pattern[1:])
    return pattern == host
