"""Routing by the Service's selector alone. Works on any cluster.

None and all of the traffic go to one revision, which the Service selects by its label; moving it is one
write. In between it selects the server pods of the whole deployment: kube-proxy gives every pod the same, so
the share of a revision is its share of the ready pods. Only the two revisions may have pods then.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from modelyard_operator import labels
from modelyard_operator.kube.objects import Child, ChildKey, DeploymentState, ServiceState, unpack
from modelyard_operator.resources import catalog
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.deployment import DEPLOYMENT
from modelyard_operator.resources.naming import NO_REVISION
from modelyard_operator.resources.service import SERVICE
from modelyard_operator.routing import ratio
from modelyard_operator.routing.base import WHOLE, Route, Split, Traffic
from modelyard_operator.routing.guard import shares


@dataclass(frozen=True, slots=True)
class Replicas:
    """The Service selects one revision or, for a share in between, both."""

    reason: str = "the Service and the numbers of pods split the traffic"
    mode: str = "replicas"
    tolerance: int = ratio.TOLERANCE
    by_count: bool = True
    mirrors: bool = False
    holds: bool = False

    def refusal(self, ctx: Context, split: Split, wanted: Mapping[str, int]) -> str | None:
        """Numbers of pods make few shares. Copies are no matter of theirs: the stable pods send these."""
        if len(split.serving) <= 1:
            return None
        given = [name for name in split.serving if name in wanted]
        others = [name for name in split.serving if name not in wanted]
        if len(given) != 1 or len(others) != 1:
            return "mode replicas splits traffic between two revisions at most"
        (stable,), (candidate,) = given, others
        limit = max(ctx.spec.scaling.min_replicas, ctx.spec.scaling.max_replicas)
        return ratio.refusal(max(1, wanted[stable]), split.weights[candidate], limit)

    def route(self, ctx: Context, traffic: Traffic) -> Route:
        """The Service, selecting the revision that serves, or both."""
        serving = traffic.split.serving
        if len(serving) > 1 and traffic.stable in serving:
            if not _others(traffic):
                ports = traffic.ports.get(traffic.stable)
                return Route(None, (catalog.shared_service(ctx, traffic.stable, ports),))
            serving = frozenset({traffic.stable})  # Somebody gave a third revision pods.
        target = min(serving, default=None)
        ports = None if target is None else traffic.ports.get(target)
        return Route(target, (catalog.stable_service(ctx, target, ports),))

    def seen(self, ctx: Context, children: Mapping[ChildKey, Child]) -> Split | None:
        """What the live Service selects and, where that is all pods, how many each revision has ready."""
        child = children.get(ChildKey(SERVICE.kind, ctx.name))
        if child is None or not isinstance(child.state, ServiceState):
            return None
        selected = child.state.selector.get(labels.REVISION)
        if selected is not None:
            return Split.whole(None if selected == NO_REVISION else selected)
        ready = {
            each.revision: each.state.ready
            for key, each in children.items()
            if key.kind == DEPLOYMENT.kind and each.revision and isinstance(each.state, DeploymentState)
        }
        ready = {name: pods for name, pods in ready.items() if pods > 0}
        stable = stable_of(child)
        if stable is None or stable not in ready or len(ready) != 2:
            return Split(shares(ready))
        (candidate,) = ready.keys() - {stable}
        part = ratio.share(ready[candidate], ready[stable])
        return Split({stable: WHOLE - part, candidate: part})


def stable_of(service: Child) -> str | None:
    """The stable revision, as a Service that selects two of them remembers it."""
    annotations = unpack(service.body).get("metadata", {}).get("annotations") or {}
    found = annotations.get(labels.STABLE)
    return found if isinstance(found, str) and found else None


def _others(traffic: Traffic) -> bool:
    """Whether a revision has pods that is to have no traffic."""
    return any(
        (traffic.wanted.get(name, 0) or pods) and name not in traffic.split.serving
        for name, pods in {**dict.fromkeys(traffic.wanted, 0), **traffic.ready}.items()
    )
