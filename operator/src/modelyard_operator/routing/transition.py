"""From one routing mode to another without a lost request: the new route first, the old one away only then.

While both are there, both bring about the same split, so that whichever way a request takes it is as it
should be, and a roll-back in the meantime reaches both. What counts as seen is the old one's, until the live
objects of the new one say the same. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from modelyard_operator.kube.objects import Child, ChildKey, Manifest
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.service import SERVICE
from modelyard_operator.routing.base import Route, Router, Split, Traffic


@dataclass(frozen=True, slots=True)
class Moving:
    """A mode beside the one that it takes over from."""

    old: Router
    new: Router

    @property
    def mode(self) -> str:
        """The old one, until traffic has moved."""
        return self.old.mode

    @property
    def reason(self) -> str:
        """Where it goes."""
        return f"moving to {self.new.mode}: {self.new.reason}"

    @property
    def tolerance(self) -> int:
        """As what is seen: the old one's."""
        return self.old.tolerance

    @property
    def by_count(self) -> bool:
        """Whether one of the two goes by numbers of pods."""
        return self.old.by_count or self.new.by_count

    @property
    def mirrors(self) -> bool:
        """Whether one of the two copies requests: then the pods do not, so that none is copied twice."""
        return self.old.mirrors or self.new.mirrors

    @property
    def holds(self) -> bool:
        """Whether both can; while they move, none does."""
        return self.old.holds and self.new.holds

    def refusal(self, ctx: Context, split: Split, wanted: Mapping[str, int]) -> str | None:
        """Both must be able."""
        return self.old.refusal(ctx, split, wanted) or self.new.refusal(ctx, split, wanted)

    def route(self, ctx: Context, traffic: Traffic) -> Route:
        """The objects of both.

        Of the stable Service there is but one: it is the route of the mode that goes by numbers of pods.
        """
        old, new = self.old.route(ctx, traffic), self.new.route(ctx, traffic)
        service = new if self.new.by_count else old
        others = [m for m in (*old.manifests, *new.manifests) if not _is_stable(ctx, m)]
        stable = [m for m in service.manifests if _is_stable(ctx, m)]
        return Route(service.revision, (*stable, *_once(others)))

    def seen(self, ctx: Context, children: Mapping[ChildKey, Child]) -> Split | None:
        """What the old one's live objects say; where they went away, what the new one's do."""
        return self.old.seen(ctx, children) or self.new.seen(ctx, children)


def passage(new: Router, old: Router | None) -> Router:
    """The new mode, beside the old one if there is another."""
    return new if old is None or old.mode == new.mode else Moving(old, new)


def mode_after(
    router: Router, ctx: Context, split: Split, wanted: Mapping[str, int], children: Mapping[ChildKey, Child]
) -> str:
    """The mode to remember: the new one as soon as its live objects do what is desired.

    Args:
        router: The one of now.
        ctx: The deployment.
        split: What is desired.
        wanted: The sizes of the revisions' Deployments.
        children: The live objects.
    """
    if not isinstance(router, Moving) or router.new.refusal(ctx, split, wanted) is not None:
        return router.mode
    return router.new.mode if agrees(router.new, ctx, split, children) else router.mode


def agrees(router: Router, ctx: Context, split: Split, children: Mapping[ChildKey, Child]) -> bool:
    """Whether a mode's live objects do what is desired, as nearly as the mode can."""
    seen = router.seen(ctx, children)
    if seen is None or _copies(seen) != _copies(split):
        return False
    near = router.tolerance if len(split.serving) > 1 else 0
    names = {*seen.weights, *split.weights}
    return all(abs(seen.weights.get(n, 0) - split.weights.get(n, 0)) <= near for n in names)


def _copies(split: Split) -> tuple[str | None, int]:
    return (split.shadow, split.shadow_percent) if split.shadow_percent else (None, 0)


def _is_stable(ctx: Context, manifest: Manifest) -> bool:
    return bool(manifest["kind"] == SERVICE.kind and manifest["metadata"]["name"] == ctx.name)


def _once(manifests: list[Manifest]) -> list[Manifest]:
    """The last of each kind and name, where the first was."""
    found: dict[tuple[str, str], Manifest] = {}
    for manifest in manifests:
        found[manifest["kind"], manifest["metadata"]["name"]] = manifest
    return list(found.values())
