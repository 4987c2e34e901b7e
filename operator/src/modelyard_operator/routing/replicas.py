"""Routing by the Service's selector alone: it selects one revision. Works on any cluster."""

from modelyard_operator.resources import catalog
from modelyard_operator.resources.context import Context
from modelyard_operator.routing.base import Route, Traffic


class Replicas:
    """One revision has all traffic; moving it is one write of the Service's selector."""

    mode = "replicas"
    reason = "the Service selects the pods of one revision"

    def route(self, ctx: Context, traffic: Traffic) -> Route:
        """The stable Service, selecting the stable revision.

        It never moves from a revision with ready pods to one without: then it stays where it is.
        """
        target = traffic.stable
        if (
            target is not None
            and traffic.selected is not None
            and traffic.ready.get(traffic.selected, 0) > 0
            and traffic.ready.get(target, 0) == 0
        ):
            target = traffic.selected
        ports = None if target is None else traffic.ports.get(target)
        return Route(target, (catalog.stable_service(ctx, target, ports),))
