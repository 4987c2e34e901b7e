"""A kind of child: how the API names it, what may be done to it, what its informer keeps. No I/O."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from modelyard_operator.kube.objects import ChildState, Manifest

CHILD_VERBS = ("get", "list", "watch", "create", "patch", "delete")


def nothing(_: Manifest) -> ChildState:
    """The projection of a kind whose status the plan does not read."""
    return None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind that the operator makes and watches; its RBAC rule is generated from here."""

    api_version: str
    """Such as `apps/v1` or `v1`."""
    kind: str
    plural: str
    project: Callable[[Manifest], ChildState] = nothing
    """From a live object to the few facts of it that the plan reads."""
    verbs: tuple[str, ...] = CHILD_VERBS
    subresources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Verbs by subresource, such as `{"scale": ("get", "patch")}`."""

    create_only: bool = False
    """Objects of this kind are made once and never applied again: their content is immutable."""

    is_optional: bool = False
    """A cluster may lack it: that is an ordinary answer, retried without a word, and no trouble of ours."""

    is_exact: bool = False
    """The API server adds nothing to what is in its lists, so what else is found there is a foreign edit."""

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        """The version within the group."""
        return self.api_version.rpartition("/")[2]
