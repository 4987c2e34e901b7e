"""What a pod is told of its part in comparing two revisions' answers. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from modelyard_operator.contract import SERVER_CONTAINER
from modelyard_operator.kube.objects import Manifest, Pod

SAMPLING = 1.0
"""Share of the copied requests that is compared; the pods bound what it costs them."""


class Role(StrEnum):
    """Whose answers a pod gives."""

    STABLE = "stable"
    CANDIDATE = "candidate"


@dataclass(frozen=True, slots=True)
class Forward:
    """Copies that a stable pod sends itself."""

    url: str
    """Where the candidate answers."""
    percent: int
    """Of the requests, how many are copied."""


@dataclass(frozen=True, slots=True)
class Part:
    """A pod's part; a pod that has none is told that."""

    role: Role
    stable: str
    """The revision that serves."""
    candidate: str
    forward: Forward | None = None
    """None: something in front of the pods copies requests."""

    @property
    def pair(self) -> str:
        """The revisions, as metrics name them."""
        return f"{self.stable}-{self.candidate}"


def body(part: Part | None) -> Manifest:
    """The body of the contract's PATH_SHADOW."""
    if part is None:
        return {"role": None}
    forward = part.forward
    return {
        "role": part.role.value,
        "pair": part.pair,
        "sampling": SAMPLING,
        "forward": None if forward is None else {"url": forward.url, "percent": forward.percent},
    }


def restarts(pod: Pod) -> int:
    """How often the server of a pod began anew: one that did has heard nothing."""
    return next((c.restarts for c in pod.containers if c.name == SERVER_CONTAINER), 0)


def heard(told: Mapping[str, tuple[Part | None, int]], pods: Iterable[Pod]) -> dict[str, Part]:
    """The parts that pods know of, by uid.

    Args:
        told: What each was last told, and how often it had begun anew by then.
        pods: The pods as they are.
    """
    found: dict[str, Part] = {}
    for pod in pods:
        part, then = told.get(pod.uid, (None, 0))
        if part is not None and then == restarts(pod):
            found[pod.uid] = part
    return found
