"""What a routing mode must do: say what selects the pods that serve. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from modelyard_operator.kube.objects import Manifest
from modelyard_operator.resources.context import Context


@dataclass(frozen=True, slots=True)
class Traffic:
    """Who should serve, who does, and who could."""

    stable: str | None
    """The revision that is named stable; None: nothing serves yet."""
    selected: str | None
    """The revision that traffic reaches now."""
    ready: Mapping[str, int] = field(default_factory=dict)
    """Ready pods by revision."""
    ports: Mapping[str, tuple[Manifest, ...]] = field(default_factory=dict)
    """The ports of each revision's Service, as it was rendered at birth."""


@dataclass(frozen=True, slots=True)
class Route:
    """How traffic is to flow."""

    revision: str | None
    """The revision that traffic is sent to."""
    manifests: tuple[Manifest, ...]


class Router(Protocol):
    """A routing mode. Adding one: a file beside this, and a line where the plan chooses."""

    mode: str
    reason: str
    """Why this mode, for status."""

    def route(self, ctx: Context, traffic: Traffic) -> Route:
        """The objects that send traffic where it belongs."""
        ...
