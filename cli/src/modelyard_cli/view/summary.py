"""A rollout in a few plain values, from the resource as the API server has it.

Every field of status may be missing: the operator may be older, or may not have looked yet.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

Raw = dict[str, Any]

IDLE = "Idle"
AWAITING = "AwaitingApproval"


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision.

    Attributes:
        name: Its hash.
        state: What it is for now.
        ready: Ready pods.
        replicas: Pods.
        desired: Per cent of the traffic that it should have; None: nobody says.
        achieved: Per cent of the requests that it had; None: nobody measures.
    """

    name: str
    state: str
    ready: int
    replicas: int
    desired: int | None = None
    achieved: int | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """One decision of the past.

    Attributes:
        at: When, as the API server writes it.
        revision: Which revision it was about.
        what: What was decided, as one word.
        why: Why, in words.
        numbers: The measured values that it rests on.
    """

    at: str
    revision: str
    what: str
    why: str
    numbers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Summary:
    """What there is to say of a rollout.

    Attributes:
        name: The ModelDeployment.
        namespace: Its namespace.
        url: Where requests go.
        ready: The Ready condition: True, False or Unknown.
        phase: Where the rollout is.
        message: What it waits for and why.
        problem: Why it is stalled; None: it is not.
        stable: The revision that serves.
        candidate: The revision on its way; None: there is none.
        paused: Whether it is held, by the spec or by a command.
        step: The step that it is at, from 1; None: it is at none.
        steps: Each step of the spec, as people write it.
        weight: Per cent of the traffic that the candidate should have.
        shadow: Per cent of the requests that are copied to the candidate.
        mode: How traffic is split.
        mode_reason: Why that way.
        revisions: All that are remembered.
        approvals: Who has approved.
        required: How many must approve; None: the step asks nobody.
        evidence_digest: What an approval names.
        failures: Failed analyses in this step.
        history: The latest decisions, the newest first.
        rejected: Revisions that are not tried again by themselves.
    """

    name: str
    namespace: str
    url: str | None
    ready: str
    phase: str
    message: str
    problem: str | None
    stable: str | None
    candidate: str | None
    paused: bool
    step: int | None
    steps: tuple[str, ...]
    weight: int | None
    shadow: int | None
    mode: str | None
    mode_reason: str | None
    revisions: tuple[Revision, ...]
    approvals: tuple[str, ...]
    required: int | None
    evidence_digest: str | None
    failures: int
    history: tuple[Moment, ...]
    rejected: tuple[str, ...]

    def to_dict(self) -> Raw:
        """As plain values, for -o json and -o yaml."""
        plain: Raw = asdict(self)
        return {_camel(key): value for key, value in plain.items()}


def summarise(found: Raw) -> Summary:
    """The summary of a ModelDeployment."""
    metadata, spec, status = found["metadata"], found.get("spec") or {}, found.get("status") or {}
    rollout, routing = status.get("rollout") or {}, status.get("routing") or {}
    asked = (spec.get("rollout") or {}).get("steps") or []
    step = rollout.get("step")
    here = asked[step - 1] if step is not None and 0 < step <= len(asked) else {}
    approval = here.get("approval")
    stalled = _condition(status, "Stalled")
    return Summary(
        name=metadata["name"],
        namespace=metadata.get("namespace", ""),
        url=status.get("url"),
        ready=_condition(status, "Ready").get("status", "Unknown"),
        phase=rollout.get("phase") or IDLE,
        message=_message(status, rollout),
        problem=stalled.get("message") if stalled.get("status") == "True" else None,
        stable=status.get("stableRevision"),
        candidate=status.get("candidateRevision"),
        paused=bool(rollout.get("paused") or (spec.get("rollout") or {}).get("paused")),
        step=step,
        steps=tuple(_words(each) for each in asked),
        weight=rollout.get("weight"),
        shadow=rollout.get("shadow"),
        mode=routing.get("mode"),
        mode_reason=routing.get("reason"),
        revisions=tuple(_revision(each, routing) for each in status.get("revisions") or ()),
        approvals=tuple(rollout.get("approvals") or ()),
        required=None if approval is None else int(approval.get("required", 1)),
        evidence_digest=rollout.get("evidenceDigest"),
        failures=int(rollout.get("failures") or 0),
        history=tuple(_moment(each) for each in reversed(rollout.get("history") or ())),
        rejected=tuple(each.get("revision", "") for each in rollout.get("rejected") or ()),
    )


def _message(status: Raw, rollout: Raw) -> str:
    """What the operator says first; an older one says it in conditions alone."""
    if rollout.get("message"):
        return str(rollout["message"])
    for kind in ("Stalled", "Reconciling"):
        condition = _condition(status, kind)
        if condition.get("status") == "True" and condition.get("message"):
            return str(condition["message"])
    if status.get("observedGeneration", -1) < 0:
        return "the operator has not looked at it yet"
    return str(_condition(status, "Ready").get("message") or "")


def _condition(status: Raw, kind: str) -> Raw:
    return next((c for c in status.get("conditions") or () if c.get("type") == kind), {})


def _revision(entry: Raw, routing: Raw) -> Revision:
    name = entry.get("name", "")
    return Revision(
        name=name,
        state=entry.get("state", ""),
        ready=int(entry.get("readyReplicas") or 0),
        replicas=int(entry.get("replicas") or 0),
        desired=(routing.get("desired") or {}).get(name),
        achieved=(routing.get("achieved") or {}).get(name),
    )


def _moment(entry: Raw) -> Moment:
    return Moment(
        at=entry.get("at", ""),
        revision=entry.get("revision", ""),
        what=entry.get("what", ""),
        why=entry.get("why", ""),
        numbers=entry.get("numbers") or {},
    )


def _words(step: Raw) -> str:
    """A step as people say it."""
    if step.get("approval") is not None:
        required = step["approval"].get("required", 1)
        return "approval" if required == 1 else f"approval of {required}"
    if step.get("shadow") is not None:
        return f"shadow {step['shadow'].get('percent')} % for {step['shadow'].get('for')}"
    lasting = f" for {step['for']}" if step.get("for") else ""
    return f"weight {step.get('weight')} %{lasting}"


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.title() for word in tail)
