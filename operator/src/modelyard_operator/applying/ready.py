"""Whether a ModelDeployment serves what its spec says. Pure."""

from dataclasses import dataclass

from modelyard_operator.kube.objects import Manifest


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a ModelDeployment is."""

    ready: bool
    """It serves its newest generation, and nothing is under way."""
    stalled: str | None
    """Why it goes no further by itself; None: it does."""
    words: str
    """What it waits for."""


def standing(resource: Manifest) -> Standing:
    """Read the conditions; those of an older generation say nothing of this one."""
    status = resource.get("status") or {}
    if status.get("observedGeneration") != resource["metadata"].get("generation"):
        return Standing(False, None, "the operator has not looked at it yet")
    conditions = {each["type"]: each for each in status.get("conditions") or []}

    def said(kind: str) -> str | None:
        found = conditions.get(kind)
        if found is None or found["status"] != "True":
            return None
        return f"{found['reason']}: {found['message']}" if found.get("message") else str(found["reason"])

    if stalled := said("Stalled"):
        return Standing(False, stalled, stalled)
    if under_way := said("Reconciling"):
        return Standing(False, None, under_way)
    if said("Ready"):
        return Standing(True, None, "ready")
    found = conditions.get("Ready") or {}
    return Standing(False, None, str(found.get("message") or "it is not ready"))
