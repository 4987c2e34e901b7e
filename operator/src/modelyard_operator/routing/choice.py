"""Which mode routes, and why; or why not the one that was asked for. Pure.

`auto` goes by where requests come from: a Gateway that the spec names is of Istio or of the Gateway API, and
that settles it. Without one, clients call the Service, which only the pods behind it can split: a weight in
a VirtualService that no proxy reads would do nothing, so that Istio's kinds are there decides nothing.
What cannot be done leaves traffic as it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from modelyard_operator.api.routing import RoutingMode, RoutingSpec
from modelyard_operator.kube.neighbours import Gateway, Neighbours
from modelyard_operator.kube.objects import Child, ChildKey
from modelyard_operator.kube.routes import DESTINATION_RULE, GATEWAY_API, HTTP_ROUTE, ISTIO, VIRTUAL_SERVICE
from modelyard_operator.resources.context import Context
from modelyard_operator.routing.base import Router
from modelyard_operator.routing.bound import as_bound, mode_of
from modelyard_operator.routing.gateway import Gateway as GatewayRouter
from modelyard_operator.routing.istio import Istio
from modelyard_operator.routing.replicas import Replicas
from modelyard_operator.routing.transition import passage

AUTO, ISTIO_MODE, GATEWAY_MODE, REPLICAS = (
    RoutingMode.AUTO,
    RoutingMode.ISTIO,
    RoutingMode.GATEWAY,
    RoutingMode.REPLICAS,
)


@dataclass(frozen=True, slots=True)
class Means:
    """What a mode with routes of its own is made of."""

    label: str
    """For people."""
    group: str
    kinds: tuple[str, ...]
    build: Callable[[RoutingSpec, str], Router]


MEANS: dict[RoutingMode, Means] = {
    ISTIO_MODE: Means("Istio", ISTIO, (VIRTUAL_SERVICE.kind, DESTINATION_RULE.kind), Istio),
    GATEWAY_MODE: Means("the Gateway API", GATEWAY_API, (HTTP_ROUTE.kind,), GatewayRouter),
}
"""The modes beside replicas, best first. Adding one: a file beside this, and a line here."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why routing is not as the spec asks, and what to do."""

    reason: str
    """As one word: `ModeUnavailable`, `GatewayMissing`, `HostNotListened`, `HostClaimed`."""
    message: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The mode that routes now."""

    router: Router
    refused: Refused | None = None
    """Set: the spec asks for something else."""
    warning: str | None = None
    """What people should know of a mode that works."""
    urls: tuple[str, ...] = ()
    """Where clients outside reach the model."""


def choose(
    ctx: Context,
    asked: RoutingSpec,
    before: str | None,
    around: Neighbours,
    children: Mapping[ChildKey, Child],
) -> Choice:
    """The mode for a deployment, beside the one that has routed so far if that is another.

    Args:
        ctx: The deployment.
        asked: `spec.routing`.
        before: The mode that routes by what status remembers; None: status does not say.
        around: What the cluster has.
        children: The live objects.
    """
    before = before or mode_of(ctx, children)
    held = as_bound(ctx, before, asked, children)
    choice = _choose(asked, before, held, around)
    return replace(choice, router=passage(choice.router, _router(before, held or asked)))


def _choose(asked: RoutingSpec, before: str | None, held: RoutingSpec | None, around: Neighbours) -> Choice:
    """The mode that the spec asks for, or the one that is left.

    `held` is the spec with hosts and gateway as the live routes have them.
    """
    if asked.mode is REPLICAS:
        return Choice(_replicas("spec.routing.mode is replicas"))
    if asked.mode is AUTO and asked.gateway is None:
        words = (
            "no spec.routing.gateway is named, so clients call the Service, which the numbers of pods split"
        )
        return Choice(_replicas(words))
    wanted = asked.mode if asked.mode in MEANS else _settle(asked, before, around)
    if wanted is None:
        return _otherwise(held or asked, before, _unserved_auto(asked, around))
    refused = _obstacle(wanted, asked, around)
    router = MEANS[wanted].build(asked, _reason(wanted, asked))
    if refused is None:
        return Choice(router, warning=_ambiguous(wanted, asked, around), urls=_urls(wanted, asked, around))
    if before == wanted.value and refused.reason == "HostClaimed" and _is_same_place(asked, held):
        # It was here first: the other is told of, and traffic goes on as it does.
        return Choice(router, warning=refused.message, urls=_urls(wanted, asked, around))
    return _otherwise(held or asked, before, refused)


def _settle(asked: RoutingSpec, before: str | None, around: Neighbours) -> RoutingMode | None:
    """The mode that `auto` takes for a named gateway; None: there is none for it."""
    kept = [mode for mode in MEANS if mode.value == before]
    order = [*kept, *(mode for mode in MEANS if mode not in kept)]
    served = [mode for mode in order if not _missing(mode, around)]
    able = [mode for mode in served if not _cannot(mode, asked)]
    for mode in able:
        if around.gateway(MEANS[mode].group) is not None:
            return mode
    if kept:
        return kept[0]
    return next(iter(able), next(iter(served), None))


def _ambiguous(mode: RoutingMode, asked: RoutingSpec, around: Neighbours) -> str | None:
    """What to write where `auto` found a Gateway of that name for more than one mode."""
    found = [each for each, means in MEANS.items() if around.gateway(means.group) is not None]
    if asked.mode is not AUTO or len(found) == 1:
        return None
    labels = " and ".join(MEANS[each].label for each in found)
    return (
        f"{labels} each have a Gateway {_named(asked)}, and the one of {MEANS[mode].label} was taken: "
        f"write spec.routing.mode ({' or '.join(found)}) to settle it"
    )


def _obstacle(mode: RoutingMode, asked: RoutingSpec, around: Neighbours) -> Refused | None:
    """The first thing that keeps a mode from doing what the spec asks."""
    means = MEANS[mode]
    if missing := _missing(mode, around):
        return Refused("ModeUnavailable", f"spec.routing.mode: {missing}; {_nearest(mode, asked, around)}")
    if words := _cannot(mode, asked):
        return Refused("ModeUnable", words)
    if asked.gateway is None:
        return None
    gateway = around.gateway(means.group)
    if gateway is None:
        return None if means.group in around.unseen else _no_gateway(mode, asked, around)
    return _not_listened(gateway, asked) or _claimed(asked, around, means)


def _missing(mode: RoutingMode, around: Neighbours) -> str:
    return "; ".join(around.unserved[kind] for kind in MEANS[mode].kinds if kind in around.unserved)


def _cannot(mode: RoutingMode, asked: RoutingSpec) -> str | None:
    """What the spec asks for that only another mode has."""
    if mode is not GATEWAY_MODE:
        return None
    fields = {"retries": asked.retries, "outlierDetection": asked.outlier_detection}
    set_fields = [f"spec.routing.{name}" for name, value in fields.items() if value is not None]
    if not set_fields:
        return None
    return (
        f"{' and '.join(set_fields)} cannot be had of an HTTPRoute, and the gateway is of the Gateway API: "
        "leave out what it cannot do, or name a Gateway of Istio"
    )


def _nearest(mode: RoutingMode, asked: RoutingSpec, around: Neighbours) -> str:
    """What to do about a mode that the cluster does not serve."""
    install = f"install {MEANS[mode].label}, or let the operator list and watch its kinds"
    for other, means in MEANS.items():
        if other is mode or _missing(other, around) or _cannot(other, asked):
            continue
        if asked.gateway is not None and around.gateway(means.group) is not None:
            return f"{install}; the nearest that this cluster can: spec.routing.mode {other.value}"
    without = " without gateway and hosts" if asked.gateway is not None else ""
    return f"{install}; the nearest that this cluster can: spec.routing.mode replicas{without}"


def _unserved_auto(asked: RoutingSpec, around: Neighbours) -> Refused:
    missing = "; ".join(words for mode in MEANS if (words := _missing(mode, around)))
    return Refused(
        "ModeUnavailable",
        f"spec.routing.gateway names {_named(asked)}, and nothing here could route from it: {missing}; "
        "install Istio or the Gateway API, or leave out gateway and hosts for mode replicas",
    )


def _no_gateway(mode: RoutingMode, asked: RoutingSpec, around: Neighbours) -> Refused:
    words = f"spec.routing.gateway: there is no Gateway {_named(asked)} of {MEANS[mode].label}"
    for other, means in MEANS.items():
        if other is not mode and around.gateway(means.group) is not None:
            mend = f"one of {means.label} has that name: set spec.routing.mode to {other.value}"
            return Refused("GatewayMissing", f"{words}; {mend}")
    return Refused("GatewayMissing", f"{words}: make it, or name one that exists")


def _not_listened(gateway: Gateway, asked: RoutingSpec) -> Refused | None:
    deaf = [h for h in asked.hosts if not any(listener.takes(h) for listener in gateway.listeners)]
    if not deaf:
        return None
    heard = sorted({host for listener in gateway.listeners for host in listener.hosts})
    return Refused(
        "HostNotListened",
        f"spec.routing.hosts: Gateway {_named(asked)} has no listener for {', '.join(deaf)}: add one to it, "
        f"or write a host that it takes ({', '.join(heard[:5]) or 'it has none'})",
    )


def _claimed(asked: RoutingSpec, around: Neighbours, means: Means) -> Refused | None:
    hosts = frozenset(asked.hosts)
    for claim in around.claims:
        if claim.kind in means.kinds and claim.hosts & hosts:
            return Refused(
                "HostClaimed",
                f"spec.routing.hosts: {', '.join(sorted(claim.hosts & hosts))} is claimed by {claim} at "
                f"Gateway {_named(asked)}: take that route away, or write another host",
            )
    return None


def _is_same_place(asked: RoutingSpec, held: RoutingSpec | None) -> bool:
    return held is not None and (held.hosts, held.gateway) == (asked.hosts, asked.gateway)


def _otherwise(held: RoutingSpec, before: str | None, refused: Refused) -> Choice:
    """Traffic stays where it is: with the mode that has routed so far, or else with the Service alone."""
    words = f"what spec.routing asks for cannot be had ({refused.reason})"
    router = _router(before, held, f"as before: {words}") or _replicas(words)
    return Choice(router, refused)


def _router(mode: str | None, spec: RoutingSpec, reason: str = "as before") -> Router | None:
    if mode == REPLICAS.value:
        return _replicas(reason)
    return next((means.build(spec, reason) for each, means in MEANS.items() if each.value == mode), None)


def _reason(mode: RoutingMode, asked: RoutingSpec) -> str:
    if asked.mode is AUTO:
        return f"spec.routing.gateway is a Gateway of {MEANS[mode].label}"
    return f"spec.routing.mode is {mode.value}"


def _replicas(reason: str) -> Router:
    return replace(Replicas(), reason=reason)


def _named(asked: RoutingSpec) -> str:
    """The gateway as the spec names it."""
    if asked.gateway is None:
        return "none"
    namespace = asked.gateway.namespace
    return f"{namespace}/{asked.gateway.name}" if namespace else asked.gateway.name


def _urls(mode: RoutingMode, asked: RoutingSpec, around: Neighbours) -> tuple[str, ...]:
    """A URL for each host, https where the Gateway takes it with TLS."""
    gateway = around.gateway(MEANS[mode].group)
    if gateway is None:
        return ()
    found: list[str] = []
    for host in asked.hosts:
        taking = [listener for listener in gateway.listeners if listener.takes(host)]
        best = next((each for each in taking if each.is_tls), next(iter(taking), None))
        if best is None:
            continue
        usual = best.port == (443 if best.is_tls else 80)
        found.append(f"{'https' if best.is_tls else 'http'}://{host}{'' if usual else f':{best.port}'}")
    return tuple(found)
