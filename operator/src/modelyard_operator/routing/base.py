"""What a routing mode must do: send traffic where it belongs, and say where it really goes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from modelyard_operator.kube.objects import Child, ChildKey, Manifest
from modelyard_operator.resources.context import Context

WHOLE = 100


@dataclass(frozen=True, slots=True)
class Split:
    """Who gets which share of the traffic: what is desired, or what the live objects say."""

    weights: Mapping[str, int] = field(default_factory=dict)
    """Per cent by revision, summing to 100; empty: nothing serves."""
    shadow: str | None = None
    """The revision that gets copies of requests; its answers go to nobody."""
    shadow_percent: int = 0
    """Of the requests, how many are copied."""
    held_by: str | None = None
    """The namespace of the HTTP add-on by which requests go, and which holds them while there is no pod.
    None: they go straight to the pods."""

    @property
    def serving(self) -> frozenset[str]:
        """The revisions that get any traffic."""
        return frozenset(name for name, weight in self.weights.items() if weight > 0)

    @classmethod
    def whole(cls, revision: str | None) -> "Split":
        """All traffic to one revision, or to none."""
        return cls({} if revision is None else {revision: WHOLE})


@dataclass(frozen=True, slots=True)
class Traffic:
    """Who should serve, who does, and who could."""

    split: Split
    """What to bring about; it never leaves ready pods for none (`guard.steer`)."""
    stable: str | None = None
    """The revision that the stable Service selects wherever the split is made elsewhere."""
    selected: str | None = None
    """The revision that the stable Service selects now."""
    ready: Mapping[str, int] = field(default_factory=dict)
    """Ready pods by revision."""
    wanted: Mapping[str, int] = field(default_factory=dict)
    """The sizes of the revisions' Deployments."""
    ports: Mapping[str, tuple[Manifest, ...]] = field(default_factory=dict)
    """The ports of each revision's Service, as it was rendered at birth."""


@dataclass(frozen=True, slots=True)
class Route:
    """How traffic is to flow."""

    revision: str | None
    """The revision that the stable Service selects; None: none, or several."""
    manifests: tuple[Manifest, ...]


class Router(Protocol):
    """A routing mode. Adding one: a file beside this, and a line where the mode is chosen."""

    @property
    def mode(self) -> str:
        """Its name in `spec.routing.mode` and in status."""
        ...

    @property
    def reason(self) -> str:
        """Why this mode, for status."""
        ...

    @property
    def tolerance(self) -> int:
        """By how many points what `seen` says may differ from what is desired, for a share in between."""
        ...

    @property
    def by_count(self) -> bool:
        """Whether shares in between are made by the numbers of pods: then the sizes follow the weights."""
        ...

    @property
    def mirrors(self) -> bool:
        """Whether the mode copies requests to the revision that is shadowed; else the stable pods do."""
        ...

    @property
    def holds(self) -> bool:
        """Whether the mode can send requests by somebody who holds them while there is no pod."""
        ...

    def refusal(self, ctx: Context, split: Split, wanted: Mapping[str, int]) -> str | None:
        """Why this mode cannot bring about `split`, with the nearest that it can; None: it can.

        Args:
            ctx: The deployment.
            split: What is to be brought about.
            wanted: The sizes that are given, such as that of the stable revision; a revision that is not
                among them is given what the split needs.
        """
        ...

    def route(self, ctx: Context, traffic: Traffic) -> Route:
        """The objects that send traffic where it belongs."""
        ...

    def seen(self, ctx: Context, children: Mapping[ChildKey, Child]) -> Split | None:
        """What the live objects really do; None: nobody can tell (they are not there, or not understood)."""
        ...
