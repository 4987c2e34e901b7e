"""What is going on, as conditions are made from it: is something wrong for good, is something on its way."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from modelyard_operator.api.status import ModelStatus, Phase
from modelyard_operator.kube.objects import ChildKey
from modelyard_operator.reconcile import routes, sleeping, troubles
from modelyard_operator.reconcile.view import View
from modelyard_operator.resources import catalog
from modelyard_operator.rollout import explain
from modelyard_operator.rollout.evidence import Evidence, Failure
from modelyard_operator.rollout.rules import judging
from modelyard_operator.rollout.state import State


@dataclass(frozen=True, slots=True)
class Situation:
    """One moment of one ModelDeployment, with the next state already decided."""

    view: View
    state: State
    model: ModelStatus | None
    evidence: Evidence
    now: datetime

    @property
    def serving(self) -> str | None:
        """The revision that traffic reaches and that should serve; None when none does.

        The stable one, where it has any; while traffic moves, the former stable revision still counts, and
        the candidate does where it was given traffic.
        """
        state = self.state
        reached = self.view.reached.serving if self.view.reached is not None else frozenset()
        names = [n for n in sorted(reached) if state.entry(n) is not None and self.view.ready(n)]
        if state.stable in names:
            return state.stable
        if state.phase is Phase.PROMOTING or state.phase is Phase.RETURNING or state.weight:
            return names[0] if names else None
        return None

    @property
    def is_asleep(self) -> bool:
        """No pods, because no requests come; one that comes is held, and wakes the stable revision."""
        return sleeping.is_asleep(self.view, self.state)

    @property
    def is_waking(self) -> bool:
        """Requests are held until a pod of the stable revision is ready."""
        return sleeping.is_waking(self.view, self.state)

    @property
    def newest(self) -> str | None:
        """The revision on its way, or else the stable one."""
        return self.state.candidate or self.state.stable


Check = Callable[[Situation], Failure | None]


def refused(it: Situation) -> Failure | None:
    """A child's write was refused: a stranger's object is in the way, or the API server said no."""
    found = it.view.observed.refused
    if not found:
        return None

    def order(key: ChildKey) -> tuple[bool, ChildKey]:
        return (found[key].reason != "NameTaken", key)

    key = min(found, key=order)
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    words = f"{key.kind} {key.name}: {found[key].message}{more}"
    return Failure(troubles.reason_word(found[key].reason, "Refused"), troubles.clip(words))


def unavailable(it: Situation) -> Failure | None:
    """Kinds that the operator cannot watch. Those that a cluster may lack are the routing mode's affair."""
    kinds = it.view.observed.unavailable - catalog.OPTIONAL
    if not kinds:
        return None
    words = (
        f"the operator cannot watch {', '.join(sorted(kinds))}: give it list and watch, or install the kind"
    )
    return Failure("KindUnavailable", troubles.clip(words))


def unresolved(it: Situation) -> Failure | None:
    """The source could not be resolved; it is tried again."""
    if it.model is None or it.model.pinned is not None or not it.model.attempts:
        return None
    reason = troubles.reason_word(it.model.reason, "ResolveFailed")
    return Failure(reason, it.model.message or "the source cannot be resolved")


def without_image(it: Situation) -> Failure | None:
    """What the spec asks for cannot be born: its engine is in no image that the operator knows."""
    asked = it.evidence.asked
    if asked.revision is None or asked.pinned is not None:
        return None
    engine = it.view.ctx.spec.server.engine.value
    words = (
        f"spec.server.engine is {engine}, and the operator has no image with it: set "
        "MODELYARD_SERVER_IMAGE_OPENVINO on the operator, or name the image in spec.server.image"
    )
    return Failure("NoEngineImage", words)


def given_up(it: Situation) -> Failure | None:
    """What the spec asks for was rejected."""
    rejection = it.state.rejection(it.evidence.asked.revision)
    if rejection is None:
        return None
    words = f"revision {rejection.revision} was given up: {rejection.message}"
    return Failure(rejection.reason, troubles.clip(words))


def misrouted(it: Situation) -> Failure | None:
    """Traffic is not routed as `spec.routing` asks; it stays as it is."""
    found = it.view.choice.refused
    return None if found is None else Failure(found.reason, troubles.clip(found.message))


def first_fails(it: Situation) -> Failure | None:
    """The first revision does not come up. It is left standing, and taken when it does."""
    if it.state.stable is not None or it.state.candidate is None:
        return None
    if it.evidence.failure is not None and it.evidence.failure.fatal:
        return it.evidence.failure
    if judging.is_late(it.state, it.evidence, it.now):
        return judging.lateness(it.state, it.evidence)
    return None


def weight_refused(it: Situation) -> Failure | None:
    """The routing mode cannot bring about the candidate's step; traffic stays as it is."""
    return explain.refused(it.state, it.evidence)


def stable_fails(it: Situation) -> Failure | None:
    """The stable revision has no ready pod, and will not have one by itself."""
    if it.state.stable is None or it.view.ready(it.state.stable):
        return None
    failure = it.view.failure(it.state.stable)
    return failure if failure is not None and failure.fatal else None


def resolving(it: Situation) -> Failure | None:
    """The resolve Job is at it."""
    if it.model is not None and it.model.pinned is not None:
        return None
    if it.model is not None and it.model.reason:
        return Failure(it.model.reason, it.model.message or "")
    return Failure("Resolving", f"finding out what {it.view.ctx.spec.model.uri} is now")


def held(it: Situation) -> Failure | None:
    """`spec.rollout.paused` keeps a change back."""
    asked = it.evidence.asked.revision
    if not it.evidence.policy.paused or asked in (None, it.state.stable):
        return None
    return Failure("Paused", f"revision {asked} waits: spec.rollout.paused is true")


def progressing(it: Situation) -> Failure | None:
    """The candidate is on its way."""
    found = explain.waiting(it.state, it.evidence, it.now)
    return None if found is None else Failure(found.reason, troubles.clip(found.message))


def promoting(it: Situation) -> Failure | None:
    """Traffic is being moved."""
    if it.state.phase is not Phase.PROMOTING:
        return None
    return Failure("Promoting", f"traffic is moving to revision {it.state.stable}")


def recovering(it: Situation) -> Failure | None:
    """The stable revision should serve and does not, yet."""
    stable = it.state.stable
    if stable is None or it.serving is not None or it.is_asleep:
        return None
    if it.is_waking:
        return Failure("Waking", f"requests for revision {stable} are held until one of its pods is ready")
    if it.view.ready(stable):
        return Failure("RoutePending", f"Service {it.view.ctx.name} does not select revision {stable} yet")
    failure = it.view.failure(stable)
    words = f"revision {stable} has no ready pod"
    if failure is None:
        return Failure("NoReadyPods", words)
    return Failure(failure.reason, troubles.clip(f"{words}: {failure.message}"))


def rerouting(it: Situation) -> Failure | None:
    """The route is not where it should be, yet."""
    view = it.view
    words = routes.pending(view.router, view.ctx, it.state.split, view.observed.children, it.state.stable)
    return None if words is None else Failure("RoutePending", troubles.clip(words))


STALLED: tuple[Check, ...] = (
    refused,
    unavailable,
    unresolved,
    without_image,
    given_up,
    misrouted,
    weight_refused,
    first_fails,
    stable_fails,
)
"""In the order in which they are told; the first that holds is the reason of Stalled."""

ON_ITS_WAY: tuple[Check, ...] = (resolving, held, promoting, progressing, recovering, rerouting)
"""In the order in which they are told; the first that holds is the reason of Reconciling."""


def first(checks: tuple[Check, ...], it: Situation) -> Failure | None:
    """What the first check that holds says."""
    return next((found for check in checks if (found := check(it)) is not None), None)
