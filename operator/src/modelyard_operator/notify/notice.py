"""What is told, and how a step of the rollout becomes that. Pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from string import Template
from typing import Any, Final

from modelyard_operator.api.notifications import Occasion
from modelyard_operator.api.status import Status
from modelyard_operator.kube.objects import Resource

OCCASIONS: Final[Mapping[str, Occasion]] = {
    "RevisionCreated": Occasion.STARTED,
    "RolloutStarted": Occasion.STARTED,
    "AwaitingApproval": Occasion.AWAITING,
    "Promoted": Occasion.PROMOTED,
    "RolledBack": Occasion.PROMOTED,
    "Rejected": Occasion.ABORTED,
    "SourceDrifted": Occasion.DRIFTED,
}
"""By the reason of the Event that tells the same."""

_SUBJECTS: Final[Mapping[Occasion, str]] = {
    Occasion.STARTED: "a rollout started",
    Occasion.AWAITING: "waits for your approval",
    Occasion.PROMOTED: "was promoted",
    Occasion.ABORTED: "was aborted",
    Occasion.DRIFTED: "its source has changed",
}

TEXT: Final = """\
$name in $namespace: $subject

$message

Candidate  $revision
Stable     $stable
At         $at
$advice"""

_ADVICE: Final[Mapping[Occasion, str]] = {
    Occasion.AWAITING: "\nThe evidence, and your decision: modelyard approve $name -n $namespace\n",
    Occasion.ABORTED: "\nWhat one may do: modelyard explain $name -n $namespace\n",
    Occasion.DRIFTED: "\nTo roll out what is there now: modelyard refresh $name -n $namespace\n",
}
_NONE = "none"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that happened."""

    id: str
    """The same for each channel and each attempt: whoever receives it twice can tell."""
    occasion: Occasion
    namespace: str
    name: str
    uid: str
    revision: str | None
    stable: str | None
    message: str
    url: str | None
    at: datetime

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "id": self.id,
            "occasion": self.occasion.value,
            "namespace": self.namespace,
            "name": self.name,
            "uid": self.uid,
            "revision": self.revision,
            "stable": self.stable,
            "message": self.message,
            "url": self.url,
            "at": _stamp(self.at),
        }


def notice(resource: Resource, reason: str, message: str, status: Status, at: datetime) -> Notice | None:
    """What an Event of a step means to people; None: nobody asked to hear of such.

    Args:
        resource: as the status write found it: its version is part of the id, and no version is written over
            twice, so no step has two ids and no two steps have one.
        reason: of the Event.
        message: of the Event.
        status: as it was written.
        at: when.
    """
    occasion = OCCASIONS.get(reason)
    if occasion is None:
        return None
    mark = "\0".join((resource.uid, resource.resource_version, reason, message))
    return Notice(
        id=hashlib.sha256(mark.encode()).hexdigest()[:32],
        occasion=occasion,
        namespace=resource.key.namespace,
        name=resource.key.name,
        uid=resource.uid,
        revision=_revision(reason, status),
        stable=status.stable_revision,
        message=message,
        url=status.url,
        at=at,
    )


def _revision(reason: str, status: Status) -> str | None:
    """The revision that the step was about: the candidate, unless it has just ceased to be one."""
    about = (entry.revision for entry in reversed(status.rollout.history) if entry.what == reason)
    return next(about, status.candidate_revision)


def subject(told: Notice) -> str:
    """In a few words."""
    return f"{told.name} in {told.namespace}: {_SUBJECTS[told.occasion]}"


def text(told: Notice, template: str | None = None) -> str:
    """The whole text; `template`: the user's own, in which unknown names stay as they are."""
    values = {
        "name": told.name,
        "namespace": told.namespace,
        "occasion": told.occasion.value,
        "subject": _SUBJECTS[told.occasion],
        "message": told.message,
        "revision": told.revision or _NONE,
        "stable": told.stable or _NONE,
        "url": told.url or _NONE,
        "at": _stamp(told.at),
    }
    values["advice"] = Template(_ADVICE.get(told.occasion, "")).safe_substitute(values)
    return Template(template or TEXT).safe_substitute(values)


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
