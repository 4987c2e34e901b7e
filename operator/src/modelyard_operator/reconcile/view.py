"""Everything that one plan looks up in what is observed, looked up once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from modelyard_operator import contract
from modelyard_operator.api.deployment import ModelDeploymentSpec
from modelyard_operator.kube.objects import Child, ChildKey, DeploymentState, Manifest, Pod
from modelyard_operator.labels import CHANGED_BY
from modelyard_operator.reconcile import approvals, revisions, routes, shadowing, stages, troubles
from modelyard_operator.reconcile.model import Observed
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.revision import Revision
from modelyard_operator.rollout import sizing
from modelyard_operator.rollout.evidence import Asked, Evidence, Failure, Policy, Population
from modelyard_operator.rollout.state import State
from modelyard_operator.routing.base import WHOLE, Router, Split
from modelyard_operator.routing.choice import Choice

VITAL = frozenset({revisions.DEPLOYMENT, revisions.SERVICE, revisions.REVISION})
"""Kinds without which nobody can tell what serves: while one cannot be watched, nothing is decided."""


@dataclass(frozen=True, slots=True)
class View:
    """One ModelDeployment, as seen now."""

    ctx: Context
    observed: Observed
    kept: Mapping[str, Revision]
    """What ControllerRevisions remember, by revision."""
    deployments: Mapping[str, Child]
    pods: Mapping[str, list[Pod]]
    populations: Mapping[str, Population]
    selected: str | None
    choice: Choice
    """The routing mode, and why it is not the one that was asked for."""
    seen: Split | None
    """Where the live route sends traffic; None: nobody can tell."""
    policy: Policy

    @property
    def router(self) -> Router:
        """The routing mode."""
        return self.choice.router

    @property
    def reached(self) -> Split | None:
        """Whom clients reach: by the route or, where nobody can tell that, by the Service at least."""
        return self.seen or routes.by_service(self.selected)

    @property
    def is_blind(self) -> bool:
        """Whether a kind that decisions rest on cannot be watched."""
        return bool(VITAL & self.observed.unavailable)

    def ready(self, revision: str | None) -> int:
        """Ready pods of a revision."""
        return self.populations[revision].ready if revision and revision in self.populations else 0

    def failure(self, revision: str | None) -> Failure | None:
        """What is wrong with a revision's pods."""
        if revision is None:
            return None
        child = self.deployments.get(revision)
        state = child.state if child is not None else None
        refused = state.message if isinstance(state, DeploymentState) else ""
        found = troubles.of_pods(self.pods.get(revision, ()), self._memory_limit(revision), refused)
        return found or self._missing_secret(revision)

    def evidence(self, asked: Asked, state: State, now: datetime, digest: str | None = None) -> Evidence:
        """What the rollout's machine may know; `digest`: of the artifact that the spec asks for."""
        found = Evidence(
            asked,
            self.policy,
            self.populations,
            self.selected,
            self.seen,
            self.failure(state.candidate),
            analysis=self.observed.analysis,
            approval=approvals.decision(self.observed, self.ctx.spec, state, now),
            approval_of=state.evidence_digest,
            changed_by=self.observed.annotations.get(CHANGED_BY),
            digest=digest,
            waking=self._wakes(state.stable),
        )
        return replace(
            found, refusals=self._refusals(found, state), refused_now=self._refused_now(found, state)
        )

    def _wakes(self, stable: str | None) -> bool:
        """Whether requests are held for the stable revision, which has no pod yet and no trouble either."""
        is_held = self.seen is not None and self.seen.held_by is not None
        return is_held and stable is not None and not self.ready(stable) and self.failure(stable) is None

    def _refused_now(self, evidence: Evidence, state: State) -> str | None:
        """What the routing mode says to the share that the candidate has, should the mode have changed."""
        if state.stable is None or state.candidate is None or not state.weight:
            return None
        given = {state.stable: sizing.beside(state, evidence, state.weight)}
        return self.router.refusal(self.ctx, Split(state.split.weights), given)

    def _refusals(self, evidence: Evidence, state: State) -> dict[int, str]:
        """What the routing mode says to each step."""
        stable, candidate = state.stable, state.candidate or evidence.asked.revision
        if stable is None or candidate is None or candidate == stable:
            return {}
        found: dict[int, str] = {}
        for place, step in enumerate(self.policy.steps):
            weight = step.weight or 0
            weights = {stable: WHOLE - weight, candidate: weight}
            split = Split(weights, candidate if step.shadow else None, step.shadow or 0)
            given = {stable: sizing.beside(state, evidence, weight)}
            words = self.router.refusal(self.ctx, split, given)
            if self.choice.refused is not None and (split.shadow is not None or len(split.serving) > 1):
                words = self.choice.refused.message
            words = words or shadowing.refusal(self.ctx.spec, place, mirrors=self.router.mirrors)
            if words is not None:
                found[place] = words
        return found

    def mounted_secrets(self, revision: str) -> list[str]:
        """The user's Secrets without which no pod of the revision starts."""
        volumes = [volume.get("secret", {}) for volume in self._pod(revision).get("volumes", ())]
        return [secret["secretName"] for secret in volumes if secret and not secret.get("optional")]

    def _missing_secret(self, revision: str) -> Failure | None:
        for name in self.mounted_secrets(revision):
            refusal = self.observed.refused.get(ChildKey("Secret", name))
            if refusal is not None:
                return Failure(refusal.reason, f"Secret {name}: {refusal.message}")
        return None

    def _pod(self, revision: str) -> Manifest:
        """The pods' spec as the revision was born with it; empty where that is not remembered."""
        if revision not in self.kept:
            return {}
        spec: Manifest = self.kept[revision].deployment["spec"]["template"]["spec"]
        return spec

    def _memory_limit(self, revision: str) -> str | None:
        for container in self._pod(revision).get("containers", ()):
            if container["name"] == contract.SERVER_CONTAINER:
                limit = container.get("resources", {}).get("limits", {}).get("memory")
                return None if limit is None else str(limit)
        return None


def look(observed: Observed, spec: ModelDeploymentSpec) -> View:
    """The view of `observed` under `spec`."""
    ctx = Context(observed.key.namespace, observed.key.name, observed.uid, spec, observed.defaults)
    choice = routes.choice(ctx, observed)
    selected = revisions.selected(observed)
    pods = revisions.server_pods(observed)
    route = routes.seen(choice.router, ctx, observed, selected)
    return View(
        ctx=ctx,
        observed=observed,
        kept=revisions.stored(observed),
        deployments=revisions.deployments(observed),
        pods=pods,
        populations=revisions.populations(observed),
        selected=selected,
        choice=choice,
        seen=shadowing.seen(route, pods, observed.parts, mirrors=choice.router.mirrors),
        policy=policy(spec, choice.router),
    )


def policy(spec: ModelDeploymentSpec, router: Router) -> Policy:
    """What the spec says about sizes and rollouts, and how the mode splits traffic."""
    rollout, scaling = spec.rollout, spec.scaling
    return Policy(
        minimum=scaling.min_replicas,
        maximum=max(scaling.min_replicas, scaling.max_replicas),
        paused=rollout.paused,
        deadline=stages.span(rollout.deadline),
        window=stages.span(rollout.rollback_window),
        keep_warm=rollout.keep_warm,
        keep_revisions=rollout.keep_revisions,
        steps=tuple(stages.stage(rollout, step) for step in rollout.steps),
        plan=stages.digest(rollout.steps),
        by_count=router.by_count,
        tolerance=router.tolerance,
    )
