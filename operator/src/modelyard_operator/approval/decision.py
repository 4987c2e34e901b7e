"""What the approvals that were made come to, for the evidence that was frozen. Pure.

An approval counts for one revision and one digest of evidence, from a person whom the API server vouched for
(`guards`). Each person counts once, and one who rejects is enough. What does not count is told in words.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from modelyard_operator.api.approval import Verdict
from modelyard_operator.approval.guards import Guard, Guards
from modelyard_operator.kube.approvals import Approval
from modelyard_operator.labels import CHANGED_BY

MAX_MESSAGE = 1024
SHOWN = 3
"""So many approvals that do not count are told, the newest first."""


_STAMP = "%Y-%m-%dT%H:%M:%SZ"


class Standing(StrEnum):
    """Where an approval step stands."""

    WAITING = "Waiting"
    """Too few have decided."""
    APPROVED = "Approved"
    REJECTED = "Rejected"
    EXPIRED = "Expired"
    """Nobody decided in time."""
    UNVERIFIED = "Unverified"
    """Nobody can tell who made an approval: none counts."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the step asks."""

    required: int = 1
    """Different people who must approve."""
    expires_after: float | None = None
    """Seconds; None: it waits."""
    forbid_self_approval: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be decided."""

    revision: str
    digest: str
    """Of the frozen evidence."""
    asked_at: datetime
    """When the evidence was frozen."""
    started_at: datetime | None = None
    """When the candidate was made: whoever changed the spec did so before."""
    changed_by: tuple[str, ...] = ()
    """Who changed the spec since the candidate began, as its annotation said."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What came of it so far."""

    standing: Standing
    message: str
    """In words: what it waits for, who decided what, what does not count and why."""
    approvers: tuple[str, ...] = ()
    """Who has approved, the earliest first."""
    expires_at: datetime | None = None
    """When to look again at the latest."""


def decide(
    approvals: Iterable[Approval], question: Question, policy: Policy, guards: Guards, now: datetime
) -> Decision:
    """What the approvals of one resource come to.

    Args:
        approvals: all that name the resource.
        question: what is asked.
        policy: what the step asks.
        guards: what is known of the admission policies.
        now: timezone-aware.
    """
    ends = None
    if policy.expires_after is not None:
        ends = question.asked_at + timedelta(seconds=policy.expires_after)
    unsure = _unsure(question, policy, guards)
    count = _count(approvals, question, policy, guards, ends)
    if count.rejected is not None and not unsure:
        by = count.rejected
        why = f": {by.reason}" if by.reason else ""
        return _told(Standing.REJECTED, f"{by.approver} rejected revision {question.revision}{why}", count)
    if len(count.approvers) >= policy.required and not unsure:
        names = ", ".join(count.approvers)
        return _told(Standing.APPROVED, f"revision {question.revision} was approved by {names}", count)
    unread = _unread(policy, guards)
    if ends is not None and now >= ends and not unread:
        words = f"{_tally(count, policy)} within {policy.expires_after:g} s (expiresAfter)"
        return _told(Standing.EXPIRED, f"{words}; {unsure}" if unsure else words, count)
    if unsure:
        return _told(Standing.UNVERIFIED, f"approvals do not count: {unsure}", count, ends)
    words = f"revision {question.revision} waits for approval: {unread or _tally(count, policy)}"
    return _told(Standing.WAITING, words, count, ends)


@dataclass(frozen=True, slots=True)
class _Count:
    approvers: tuple[str, ...]
    rejected: Approval | None
    ignored: tuple[str, ...]
    """What does not count and why, the newest first."""


def _count(
    approvals: Iterable[Approval],
    question: Question,
    policy: Policy,
    guards: Guards,
    ends: datetime | None,
) -> _Count:
    approvers: dict[str, None] = {}
    rejected: Approval | None = None
    ignored: list[str] = []
    for each in sorted(approvals, key=lambda a: (a.created_at, a.name)):
        why = _void(each, question, policy, guards, ends)
        if why is None and each.decision == Verdict.REJECT:
            rejected = rejected or each
        elif why is None:
            approvers[each.approver] = None
        elif why:
            ignored.append(f"{each.name} of {each.approver} does not count: {why}")
    return _Count(tuple(approvers), rejected, tuple(reversed(ignored)))


def _void(
    each: Approval, question: Question, policy: Policy, guards: Guards, ends: datetime | None
) -> str | None:
    """Why one does not count; empty: it does not, and it is not worth a word; None: it counts."""
    if each.revision != question.revision or each.evidence != question.digest:
        return _elsewhere(each, question) if each.created_at >= question.asked_at else ""
    since = guards.approver.since
    if since is None or (policy.forbid_self_approval and guards.changed_by.since is None):
        return ""  # Why none counts is told once, for all.
    if each.created_at < since:
        return f"it was made before the admission policy was in force ({since:{_STAMP}}): make it again"
    return None if each.decision == Verdict.REJECT else _not_taken(each, question, policy, ends)


def _not_taken(each: Approval, question: Question, policy: Policy, ends: datetime | None) -> str | None:
    """Why the consent of somebody known does not count; None: it does."""
    if policy.forbid_self_approval and each.approver in question.changed_by:
        return "whoever changed the spec cannot approve it (forbidSelfApproval)"
    if ends is not None and each.created_at > ends:
        return "it came too late (expiresAfter)"
    return None


def _elsewhere(each: Approval, question: Question) -> str:
    """Why one that is for something else does not count."""
    if each.revision != question.revision:
        return f"it is for revision {each.revision}"
    words = f"it is for other evidence ({_short(each.evidence)}, now {_short(question.digest)})"
    return f"{words}: look at what is there now and decide again"


def _unsure(question: Question, policy: Policy, guards: Guards) -> str:
    """Why nothing counts, in words; empty: nothing is known against it."""
    if guards.approver.problem:
        return guards.approver.problem
    if not policy.forbid_self_approval:
        return ""
    why = _unknown_author(question, guards.changed_by)
    return f"forbidSelfApproval needs to know who changed the spec, and {why}" if why else ""


def _unread(policy: Policy, guards: Guards) -> str:
    """That nobody knows yet whether anything counts, in words; empty: it is known."""
    if guards.approver.is_known and (guards.changed_by.is_known or not policy.forbid_self_approval):
        return ""
    words = "whether approvals count is being looked up"
    return f"{words}, and that fails: {guards.trouble}" if guards.trouble else words


def _unknown_author(question: Question, guard: Guard) -> str:
    """Why nobody can tell who changed the spec; empty: nothing is known against it."""
    if guard.since is None:
        return guard.problem
    if not question.changed_by:
        return f"the annotation {CHANGED_BY} is missing: change the spec again, with it"
    if question.started_at is None or question.started_at < guard.since:
        since = f"{guard.since:{_STAMP}}"
        return f"it was changed before the admission policy was in force ({since}): change it again"
    return ""


def _tally(count: _Count, policy: Policy) -> str:
    names = f" ({', '.join(count.approvers)})" if count.approvers else ""
    return f"{len(count.approvers)} of {policy.required} approved{names}"


def _told(standing: Standing, words: str, count: _Count, ends: datetime | None = None) -> Decision:
    told = "; ".join((words, *_shown(count.ignored)))
    return Decision(standing, told[:MAX_MESSAGE], count.approvers, ends)


def _shown(ignored: tuple[str, ...]) -> Iterator[str]:
    yield from ignored[:SHOWN]
    if len(ignored) > SHOWN:
        yield f"and {len(ignored) - SHOWN} more do not count"


def _short(digest: str) -> str:
    return digest[: len("sha256:") + 12]
