"""Shares that are made by numbers of pods: what a Service that selects two revisions gives each. Pure."""

from dataclasses import dataclass

from modelyard_operator.routing.base import WHOLE

TOLERANCE = 5
"""Points by which a share may miss what was asked for."""


@dataclass(frozen=True, slots=True)
class Pins:
    """Pods beside a number of pods that is given."""

    pods: int
    share: int
    """Per cent of the pods that they are, rounded."""


def share(pods: int, beside: int) -> int:
    """Per cent that `pods` are of all, rounded."""
    total = pods + beside
    return 0 if total == 0 else (2 * WHOLE * pods + total) // (2 * total)


def pins(beside: int, weight: int, maximum: int) -> Pins:
    """The number of pods, 1 to `maximum`, whose share beside `beside` others is nearest to `weight`.

    Of two that are as near, the smaller.
    """
    exact = weight * beside / (WHOLE - weight) if weight < WHOLE else maximum
    near = {max(1, min(maximum, int(exact) + more)) for more in (-1, 0, 1, 2)}
    pods = min(sorted(near), key=lambda n: abs(WHOLE * n / (n + beside) - weight))
    return Pins(pods, share(pods, beside))


def refusal(beside: int, weight: int, maximum: int) -> str | None:
    """Why `weight` cannot be had beside so many pods, with the nearest that can; None: it can."""
    found = pins(beside, weight, maximum)
    if abs(found.share - weight) <= TOLERANCE:
        return None
    more = "; more stable pods (spec.scaling.minReplicas) allow finer weights" if weight < found.share else ""
    if weight > found.share:
        more = "; a larger spec.scaling.maxReplicas allows greater weights"
    return (
        f"weight {weight} cannot be made by numbers of pods: beside {_count(beside)} of the stable "
        f"revision, {_count(found.pods)} of the candidate are {found.share} %, the nearest. "
        f"Write weight {found.share}, or use routing mode istio or gateway{more}"
    )


def _count(pods: int) -> str:
    return f"{pods} pod" if pods == 1 else f"{pods} pods"
