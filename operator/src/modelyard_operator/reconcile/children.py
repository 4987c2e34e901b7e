"""Which children should exist now, and what of them must be written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from modelyard_operator.api.status import RevisionState
from modelyard_operator.kube.objects import ChildKey, Manifest
from modelyard_operator.reconcile import rejections, revisions
from modelyard_operator.reconcile.diff import child_key, is_unchanged
from modelyard_operator.reconcile.scalers import scalers
from modelyard_operator.reconcile.sleeping import Sleep
from modelyard_operator.reconcile.view import View
from modelyard_operator.resources import catalog
from modelyard_operator.resources.context import Source
from modelyard_operator.resources.naming import of_revision
from modelyard_operator.rollout.sizing import Bounds
from modelyard_operator.rollout.state import State

CREATE_ONLY = frozenset(kind.kind for kind in catalog.KINDS if kind.create_only)
LIVE = (RevisionState.CANDIDATE, RevisionState.STABLE, RevisionState.WARM)


@dataclass(frozen=True, slots=True)
class Desired:
    """The children that should exist."""

    manifests: tuple[Manifest, ...]
    """In the order to apply them."""
    spared: frozenset[ChildKey] = frozenset()
    """Children that are neither changed nor deleted: nobody knows what they should be."""
    awaits_revision: bool = False
    """A ControllerRevision is among them whose Deployment comes next, from its stored form."""


def desired(
    view: View,
    state: State,
    source: Source | None,
    limits: Mapping[str, Bounds],
    extra: tuple[Manifest, ...],
    *,
    sleep: Sleep,
    lingering: Mapping[str, datetime],
) -> Desired:
    """The children for what is remembered.

    Args:
        view: What is seen.
        state: The rollout's state, as persisted.
        source: The resolved source of the spec, to give birth to its revision.
        limits: The autoscalers' bounds by revision.
        extra: The route's objects, the resolve Job and those of analyses.
        sleep: Who may have no pods, and whose requests are held.
        lingering: Whose requests may be held a little longer, and since when they are not to be.
    """
    ctx, kept = view.ctx, view.kept
    births: list[Manifest] = []
    deployments: list[Manifest] = []
    services: list[Manifest] = []
    unknown: set[str] = set()
    unborn: set[str] = set()
    stored: set[ChildKey] = set()
    for entry in state.revisions:
        revision = kept.get(entry.name)
        if revision is not None:
            deployments.append(rejections.marked(revision.deployment, state.rejection(entry.name)))
            services.append(revision.service)
            # What a revision was born with is written once.
            stored.add(ChildKey(revisions.REVISION, of_revision(ctx, entry.name)))
            continue
        unknown.add(entry.name)
        if entry.state in LIVE and source is not None and catalog.revision_name(ctx, source) == entry.name:
            births.append(catalog.controller_revision(ctx, catalog.birth(ctx, source)))
            if entry.state is RevisionState.CANDIDATE:
                unborn.add(entry.name)
    scaled = scalers(view, {name: each for name, each in limits.items() if name not in unborn}, sleep)
    held = [
        *(catalog.interceptor_route(ctx, name) for name in sorted(sleep.routed)),
        *(catalog.interceptor_route(ctx, name, since) for name, since in sorted(lingering.items())),
    ]
    serving = state.split.serving | ({state.stable} if state.stable else set())
    budgets = [catalog.disruption_budget(ctx, name) for name in sorted(serving)]
    spared = {
        key
        for key, child in view.observed.children.items()
        if child.revision in unknown and key.kind in (revisions.DEPLOYMENT, revisions.SERVICE)
    }
    return Desired(
        (
            *catalog.shared(ctx, _grpc_ports(view)),
            *births,
            *deployments,
            *services,
            *held,
            *scaled,
            *budgets,
            *extra,
        ),
        frozenset(spared | stored),
        awaits_revision=any(_is_new(view, child_key(birth)) for birth in births),
    )


def to_apply(view: View, wanted: Desired) -> tuple[Manifest, ...]:
    """The manifests that must be written: missing, or not what they should be."""
    return tuple(manifest for manifest in wanted.manifests if _must_apply(view, manifest))


def to_delete(view: View, wanted: Desired) -> tuple[ChildKey, ...]:
    """Children of ours that should not exist."""
    stay = {child_key(manifest) for manifest in wanted.manifests} | wanted.spared
    return tuple(
        sorted(
            key
            for key, child in view.observed.children.items()
            if key not in stay and not child.deleting and key.kind not in view.observed.unavailable
        )
    )


def only_shared(view: View) -> Desired:
    """What all revisions share: all that is known for sure while a vital kind cannot be watched."""
    return Desired(catalog.shared(view.ctx, _grpc_ports(view)))


def _grpc_ports(view: View) -> frozenset[int]:
    """Where the revisions that have pods take gRPC."""
    return frozenset(
        port["port"]
        for name, revision in view.kept.items()
        if (seen := view.populations.get(name)) is not None and (seen.wanted or seen.ready)
        for port in revision.service["spec"]["ports"]
        if port["name"] == catalog.GRPC
    )


def _is_new(view: View, key: ChildKey) -> bool:
    """Whether this pass will have made it: not when it is there, nor when it was refused."""
    return key not in view.observed.children and key not in view.observed.refused


def _must_apply(view: View, manifest: Manifest) -> bool:
    key = child_key(manifest)
    if key.kind in view.observed.unavailable:
        return False
    live = view.observed.children.get(key)
    if live is None:
        return True
    # What is on its way out cannot be mended; it is made again once it is gone.
    return not live.deleting and key.kind not in CREATE_ONLY and not is_unchanged(manifest, live)
