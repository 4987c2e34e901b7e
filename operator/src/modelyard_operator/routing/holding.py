"""Requests that go by KEDA's HTTP add-on, which holds them while their revision has no pod. Pure.

All of a deployment's requests do or none: it is the stable revision alone that may have no pods, and only
while nothing rolls out.
"""

from typing import NamedTuple

from modelyard_operator.resources.context import Context
from modelyard_operator.resources.interceptor_route import INTERCEPTOR, host
from modelyard_operator.routing.backends import revision_of
from modelyard_operator.routing.base import WHOLE, Split


class Hold(NamedTuple):
    """Where held requests go, and what tells the add-on whose they are."""

    namespace: str
    """Of the add-on's interceptor."""
    host: str
    """What the requests' host is rewritten to."""


def of(ctx: Context, split: Split) -> Hold | None:
    """How a split's requests are held; None: they go straight to the pods."""
    if split.held_by is None or len(split.serving) != 1:
        return None
    (revision,) = split.serving
    return Hold(split.held_by, host(ctx, revision))


def read(ctx: Context, service: str, namespace: str, name: str) -> Split | None:
    """The split that a live rule makes which rewrites the host; None: it is not as it was written.

    Args:
        ctx: The deployment.
        service: The Service that the rule sends requests to.
        namespace: That Service's.
        name: What the host is rewritten to.
    """
    revision = revision_of(ctx, name.removesuffix(f".{ctx.namespace}.svc"))
    if service != INTERCEPTOR or not namespace or revision is None or name != host(ctx, revision):
        return None
    return Split({revision: WHOLE}, held_by=namespace)
