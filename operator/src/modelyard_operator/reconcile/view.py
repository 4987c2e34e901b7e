"""Everything that one plan looks up in what is observed, looked up once."""

from collections.abc import Mapping
from dataclasses import dataclass

from modelyard_operator import contract
from modelyard_operator.api.base import seconds
from modelyard_operator.api.deployment import ModelDeploymentSpec
from modelyard_operator.kube.objects import Child, ChildKey, DeploymentState, Manifest, Pod
from modelyard_operator.reconcile import revisions, troubles
from modelyard_operator.reconcile.model import Observed
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.revision import Revision
from modelyard_operator.rollout.state import Asked, Evidence, Failure, Policy, Population

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
    policy: Policy

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

    def evidence(self, asked: Asked, candidate: str | None) -> Evidence:
        """What the rollout's machine may know."""
        return Evidence(asked, self.policy, self.populations, self.selected, self.failure(candidate))

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
    return View(
        ctx=Context(observed.key.namespace, observed.key.name, observed.uid, spec, observed.defaults),
        observed=observed,
        kept=revisions.stored(observed),
        deployments=revisions.deployments(observed),
        pods=revisions.server_pods(observed),
        populations=revisions.populations(observed),
        selected=revisions.selected(observed),
        policy=policy(spec),
    )


def policy(spec: ModelDeploymentSpec) -> Policy:
    """What the spec says about sizes and rollouts."""
    rollout, scaling = spec.rollout, spec.scaling
    return Policy(
        minimum=scaling.min_replicas,
        maximum=max(scaling.min_replicas, scaling.max_replicas),
        paused=rollout.paused,
        deadline=seconds(rollout.deadline),
        window=seconds(rollout.rollback_window),
        keep_warm=rollout.keep_warm,
        keep_revisions=rollout.keep_revisions,
    )
