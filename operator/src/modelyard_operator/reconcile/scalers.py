"""Who scales the revisions: an autoscaler of ours, or KEDA. Pure."""

from collections.abc import Mapping
from typing import Final

from modelyard_operator.kube.objects import Child, ChildKey, Manifest
from modelyard_operator.reconcile.sleeping import Sleep
from modelyard_operator.reconcile.view import View
from modelyard_operator.resources import catalog
from modelyard_operator.resources.naming import of_revision
from modelyard_operator.resources.scaled_object import AUTOSCALER_PREFIX
from modelyard_operator.rollout.sizing import Bounds

AUTOSCALER: Final = "HorizontalPodAutoscaler"
SCALED_OBJECT: Final = "ScaledObject"


def kind(view: View, sleep: Sleep) -> str:
    """The kind of object that scales now: KEDA's where it is asked for and there, else the autoscaler."""
    is_there = SCALED_OBJECT not in view.observed.unavailable
    is_asked = view.ctx.spec.scaling.counts_requests or sleep.is_able
    return SCALED_OBJECT if is_asked and is_there else AUTOSCALER


def scalers(view: View, limits: Mapping[str, Bounds], sleep: Sleep) -> list[Manifest]:
    """One a revision, none while the one before it is still there: two would fight, and KEDA refuses it.

    Args:
        view: What is seen.
        limits: The bounds by revision.
        sleep: Who may have no pods, and whose requests are held.
    """
    free = {name: each for name, each in limits.items() if in_the_way(view, name, sleep) is None}
    if kind(view, sleep) == AUTOSCALER:
        return [catalog.autoscaler(view.ctx, name, each.minimum, each.maximum) for name, each in free.items()]
    return [
        catalog.scaled_object(
            view.ctx,
            name,
            each.minimum,
            each.maximum,
            held_by=sleep.counted.get(name),
            may_sleep=each.may_sleep,
        )
        for name, each in free.items()
    ]


def in_the_way(view: View, revision: str, sleep: Sleep) -> ChildKey | None:
    """What must be gone before the scaler of a revision is made; None: nothing.

    KEDA keeps a ScaledObject that is deleted until it has cleared up, and what it made of it goes after it.
    """
    name, seen = of_revision(view.ctx, revision), view.observed
    if kind(view, sleep) == SCALED_OBJECT:
        return _there(seen.children, ChildKey(AUTOSCALER, name))
    return _there(seen.children, ChildKey(SCALED_OBJECT, name)) or _there(seen.foreign, of_keda(name))


def of_keda(name: str) -> ChildKey:
    """The autoscaler that KEDA makes of a ScaledObject."""
    return ChildKey(AUTOSCALER, f"{AUTOSCALER_PREFIX}{name}")


def is_of_keda(key: ChildKey) -> bool:
    """Whether KEDA alone takes an object away."""
    return key.kind == SCALED_OBJECT or key.name.startswith(AUTOSCALER_PREFIX)


def _there(objects: Mapping[ChildKey, Child], key: ChildKey) -> ChildKey | None:
    return key if key in objects else None
