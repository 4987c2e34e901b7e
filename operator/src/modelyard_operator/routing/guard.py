"""What keeps traffic from going where nobody answers, in every routing mode. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from modelyard_operator.routing.base import WHOLE, Split


def steer(desired: Split, seen: Split | None, ready: Mapping[str, int]) -> Split:
    """The split to bring about now: what is desired, without revisions that have no ready pod.

    Where nobody of the desired has one, traffic stays with those of the present that do. Where nobody has
    one at all there is nothing to lose, and the desired is as good as any.

    Args:
        desired: What should be.
        seen: What is.
        ready: Ready pods by revision.
    """
    for split in (desired, seen):
        if split is None:
            continue
        alive = {n: w for n, w in split.weights.items() if w > 0 and ready.get(n, 0) > 0}
        if alive:
            copied = desired.shadow is not None and ready.get(desired.shadow, 0) > 0
            return Split(
                shares(alive),
                desired.shadow if copied else None,
                desired.shadow_percent if copied else 0,
            )
    return replace(desired, shadow=None, shadow_percent=0)


def shares(parts: Mapping[str, int]) -> dict[str, int]:
    """The parts in per cent, summing to 100 (largest remainder); empty where there are none."""
    total = sum(parts.values())
    if total <= 0:
        return {}
    found = {name: WHOLE * part // total for name, part in parts.items()}
    by_remainder = sorted(parts, key=lambda name: (-(WHOLE * parts[name] % total), name))
    for name in by_remainder[: WHOLE - sum(found.values())]:
        found[name] += 1
    return found
