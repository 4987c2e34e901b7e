"""Whether the source still holds what the stable revision was made from, as its own new pods find out. Pure.

Nobody asks the store for it: a pod that starts fetches by the pinned reference, and refuses other bytes. So
drift shows when the revision scales up or a pod is replaced, while the pods that are there serve on.
"""

from modelyard_operator.contract import REASON_SOURCE_CHANGED
from modelyard_operator.reconcile.situation import Situation
from modelyard_operator.rollout.evidence import Failure

DRIFTED = "SourceDrifted"
"""The condition, and the reason of the Event with which it begins."""


def drifted(it: Situation) -> Failure | None:
    """In words; None: nothing is known of it."""
    stable = it.state.stable
    if stable is None or it.view.is_blind:
        return None
    begins = f"no new pod of revision {stable} can start: "
    failure = it.view.failure(stable)
    if failure is not None and failure.reason == REASON_SOURCE_CHANGED:
        mend = "`modelyard refresh` resolves the source again, and makes a revision of what is there now"
        return Failure(REASON_SOURCE_CHANGED, f"{begins}{failure.message}; {mend}")
    # A pod that tries again says nothing for a moment: it is still so until all are there.
    before = next((c for c in it.view.observed.status.conditions if c.type == DRIFTED), None)
    if before is None or not before.message.startswith(begins):
        return None
    seen = it.evidence.population(stable)
    return Failure(before.reason, before.message) if seen.ready < seen.wanted else None


def begins(it: Situation) -> bool:
    """Whether it is news."""
    before = {condition.type for condition in it.view.observed.status.conditions}
    return DRIFTED not in before and drifted(it) is not None
