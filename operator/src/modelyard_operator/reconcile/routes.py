"""How the traffic of a deployment is routed now, and what is told of it. Pure."""

from collections.abc import Iterable, Mapping

from modelyard_operator.kube.objects import Child, ChildKey, Manifest
from modelyard_operator.kube.routes import ROUTE_KINDS
from modelyard_operator.reconcile.diff import child_key, desired_hash
from modelyard_operator.reconcile.model import Event, Observed
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.naming import NO_REVISION
from modelyard_operator.resources.service import SERVICE
from modelyard_operator.routing.base import Router, Split
from modelyard_operator.routing.choice import Choice, choose
from modelyard_operator.routing.transition import Moving, agrees

_ROUTES = frozenset(kind.kind for kind in ROUTE_KINDS)


def choice(ctx: Context, observed: Observed) -> Choice:
    """The mode that routes."""
    routing = observed.status.routing
    before = routing.mode if routing is not None else None
    return choose(ctx, ctx.spec.routing, before, observed.neighbours, observed.children)


def seen(router: Router, ctx: Context, observed: Observed, selected: str | None) -> Split | None:
    """Where the live route sends traffic; None: nobody can tell.

    Without routes, because their kinds went away or before they are made, it is the Service that does.
    """
    found = router.seen(ctx, observed.children)
    if found is not None or any(is_route(key) for key in observed.children):
        return found
    return by_service(selected)


def by_service(selected: str | None) -> Split | None:
    """Where clients of the Service get to, when it selects one revision."""
    return None if selected in (None, NO_REVISION) else Split.whole(selected)


def pending(
    router: Router, ctx: Context, split: Split, children: Mapping[ChildKey, Child], stable: str | None
) -> str | None:
    """What the routes are still to say; None: they say it, or the mode has none of its own."""
    if stable is None:
        return None
    shares = told(split)
    if isinstance(router, Moving):
        old, new = router.old.mode, router.new.mode
        return f"mode {new} takes over from {old}: it is to send traffic to {shares}, and does not say so yet"
    if router.by_count or agrees(router, ctx, split, children):
        return None
    return f"mode {router.mode} is to send traffic to {shares}, and its routes do not say so yet"


def told(split: Split) -> str:
    """A split, for people."""
    return ", ".join(f"{name} {weight} %" for name, weight in sorted(split.weights.items()) if weight)


def is_route(key: ChildKey) -> bool:
    """Whether a child is a route, and not the Service or a pod's affair."""
    return key.kind in _ROUTES


def edits(ctx: Context, children: Mapping[ChildKey, Child], applied: Iterable[Manifest]) -> tuple[Event, ...]:
    """An Event for each route that is put back though it was as desired once: somebody else has edited it."""
    found: list[Event] = []
    for manifest in applied:
        key = child_key(manifest)
        live = children.get(key)
        if not is_route(key) and key != ChildKey(SERVICE.kind, ctx.name):
            continue
        if live is not None and live.desired_hash == desired_hash(manifest):
            words = (
                f"{key.kind} {key.name} was edited by somebody else and is put back: change the spec instead"
            )
            found.append(Event("RouteEdited", words, warning=True))
    return tuple(found)
