"""Whether the admission policies are in force without which nobody knows who made an approval. Pure.

A policy of the right name is not enough: it counts as in force only if it and its binding still ask what the
operator's own manifests ask, everywhere. It counts from its newest change on, so that an approval that was
made while it was away or weakened is not believed once it is back.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from modelyard_operator.approval.policies import Pair
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.kube.project import EPOCH, when

TAKES_EFFECT: Final = timedelta(seconds=10)
"""API servers learn of a policy a moment after it is stored."""

_TO_LIST_THEM: Final = (
    "with Helm set crds.install and rbac.create to true, with kustomize "
    "apply crd.yaml, rbac.yaml and role_bindings.yaml of k8s/base"
)

_DEFAULTS: Final = {
    "matchPolicy": "Equivalent",
    "namespaceSelector": {},
    "objectSelector": {},
    "scope": "*",
}
"""What the API server fills in, and what means nothing."""

_WORDS: Final = frozenset({"message", "messageExpression", "reason"})
"""What a validation says is not what it asks."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What is known of one policy."""

    since: datetime | None = None
    """In force from then on; None: it is not."""
    problem: str = ""
    """Why it is not in force, and the mend; empty while nobody has looked."""

    @property
    def is_known(self) -> bool:
        """Whether anybody has looked."""
        return self.since is not None or bool(self.problem)


@dataclass(frozen=True, slots=True)
class Guards:
    """Both policies."""

    approver: Guard = field(default_factory=Guard)
    """Holds an approval to whoever made it."""
    changed_by: Guard = field(default_factory=Guard)
    """Holds a change of the spec to whoever made it."""
    trouble: str = ""
    """Why nobody could look, where looking fails."""


UNREAD: Final = Guards()


def seen(guards: Guards, unheard: str | None) -> Guards:
    """What is known, where approvals cannot be seen at all: that counts first.

    Args:
        guards: what is known of the policies.
        unheard: why approvals cannot be listed and watched; None: they can.
    """
    if unheard is None:
        return guards
    return Guards(Guard(problem=f"{unheard}: {_TO_LIST_THEM}"), guards.changed_by)


def judge(wanted: Pair, policy: Manifest | None, binding: Manifest | None, install: str) -> Guard:
    """What live objects make of a policy.

    Args:
        wanted: as the operator's manifests have it.
        policy: the live policy; None: there is none.
        binding: the live binding; None: there is none.
        install: how to put it in force, for the message.
    """
    name = wanted[0]["metadata"]["name"]
    for what, live in (("ValidatingAdmissionPolicy", policy), ("ValidatingAdmissionPolicyBinding", binding)):
        if live is None:
            return Guard(problem=f"{what} {name} is not installed: {install}")
    for manifest, live in zip(wanted, (policy, binding), strict=True):
        if live is not None and _asks(manifest["spec"]) != _asks(live.get("spec") or {}):
            words = f"{manifest['kind']} {name} is not as it came with this operator: {install}"
            return Guard(problem=words)
    changed = max(_changed(live) for live in (policy, binding) if live is not None)
    return Guard(since=changed + TAKES_EFFECT)


def _asks(value: Any) -> Any:
    """What a spec asks, without defaults and words."""
    if isinstance(value, dict):
        return {
            key: _asks(each)
            for key, each in value.items()
            if key not in _WORDS and (key not in _DEFAULTS or _DEFAULTS[key] != each)
        }
    return [_asks(each) for each in value] if isinstance(value, list) else value


def _changed(live: Manifest) -> datetime:
    """When it was last changed: by anybody, its status aside."""
    metadata = live["metadata"]
    moments = [when(metadata.get("creationTimestamp"))]
    moments += [
        when(entry.get("time"))
        for entry in metadata.get("managedFields") or ()
        if entry.get("subresource") != "status"
    ]
    return max((moment for moment in moments if moment is not None), default=EPOCH)
