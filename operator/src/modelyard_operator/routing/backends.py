"""What routes point at: the revisions' own Services and their ports. Pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from modelyard_operator.kube.objects import Child, ChildKey, Manifest
from modelyard_operator.resources import catalog
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.naming import of_revision
from modelyard_operator.resources.service import HTTP, PORT
from modelyard_operator.routing.base import WHOLE, Route, Split, Traffic
from modelyard_operator.routing.guard import shares, steer


class Backend(NamedTuple):
    """A share of the traffic."""

    service: str
    port: int
    weight: int
    """Per cent."""


def backends(ctx: Context, traffic: Traffic, port: str = HTTP) -> tuple[Backend, ...]:
    """Who gets which share of the requests to a named port.

    A revision that was born without the port gets none of them: its share goes to those that have it.
    """
    found = {
        name: number
        for name in sorted(traffic.split.serving)
        if (number := port_of(traffic, name, port)) is not None
    }
    weights = shares({name: traffic.split.weights[name] for name in found})
    return tuple(Backend(of_revision(ctx, name), found[name], weights[name]) for name in found)


def port_of(traffic: Traffic, revision: str, port: str) -> int | None:
    """The number of a revision's port; None: it was born without."""
    for each in traffic.ports.get(revision, ()):
        if each["name"] == port:
            return int(each["port"])
    return PORT if port == HTTP else None


def revision_of(ctx: Context, service: str) -> str | None:
    """The revision whose own Service this is; None: it is no such Service."""
    prefix = of_revision(ctx, "")
    return service.removeprefix(prefix) if service.startswith(prefix) and service != prefix else None


def weights_of(ctx: Context, found: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The shares, by revision, of what a live route names; empty where that is not revisions of ours.

    Args:
        ctx: The deployment.
        found: Services and their weights, whatever these sum to.
    """
    weights: dict[str, int] = {}
    for service, weight in found:
        revision = revision_of(ctx, service)
        if revision is None or revision in weights:
            return {}
        weights[revision] = weight
    return shares(weights)


def stable_route(ctx: Context, traffic: Traffic, manifests: tuple[Manifest, ...]) -> Route:
    """A route beside the stable Service, which goes on selecting the stable revision.

    It is what clients without a proxy reach, and all that is left should the routing kinds go away. As all
    traffic it never leaves ready pods for none.
    """
    selected = None if traffic.selected is None else Split.whole(traffic.selected)
    steered = steer(Split.whole(traffic.stable), selected, traffic.ready)
    target = next(iter(steered.weights), None)
    ports = None if target is None else traffic.ports.get(target)
    return Route(target, (catalog.stable_service(ctx, target, ports), *manifests))


def unsound(split: Split) -> str | None:
    """What is wrong with a split that no mode could bring about; None: nothing."""
    told = ", ".join(f"{name}={weight}" for name, weight in sorted(split.weights.items()))
    if any(weight < 0 for weight in split.weights.values()):
        return f"a weight is below 0: {told}"
    total = sum(split.weights.values())
    if split.weights and total != WHOLE:
        return f"the weights sum to {total} instead of {WHOLE}: {told}"
    if not 0 <= split.shadow_percent <= WHOLE:
        return f"the shadow is {split.shadow_percent} per cent: it must be from 0 to {WHOLE}"
    if split.shadow is not None and split.shadow in split.serving:
        return f"revision {split.shadow} both serves and is shadowed to: shadow to one that has weight 0"
    return None


def live(children: Mapping[ChildKey, Child], kind: str, name: str) -> Child | None:
    """The child of that name, unless it is on its way out."""
    child = children.get(ChildKey(kind, name))
    return None if child is None or child.deleting else child
