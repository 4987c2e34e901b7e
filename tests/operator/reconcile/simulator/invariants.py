"""What must hold: at every moment, when a plan is made, when traffic moves, and at rest."""

from modelyard_operator.api.status import MAX_REJECTED, MAX_REVISIONS, Phase
from modelyard_operator.reconcile import remembered
from modelyard_operator.reconcile.model import Plan
from tests.operator.reconcile.simulator.cluster import Cluster


def always(cluster: Cluster) -> None:
    """What holds at every moment."""
    assert len(cluster.status.revisions) <= MAX_REVISIONS
    assert len(cluster.status.rollout.rejected) <= MAX_REJECTED
    if len(cluster.serving()) > 1:
        between = {cluster.status.stable_revision, cluster.status.candidate_revision}
        moving = cluster.status.rollout.phase is Phase.PROMOTING
        others = cluster.serving() - between
        assert len(others) <= moving, f"the Service selects {others} beside the two"
    conditions = {c.type: c for c in cluster.status.conditions}
    assert all(len(c.message) <= 1024 for c in conditions.values())
    if "Stalled" in conditions:
        both = {conditions["Stalled"].status, conditions["Reconciling"].status}
        assert both != {"True"}, "kstatus takes a resource to be in progress or failed"


def planned(cluster: Cluster, made: Plan) -> None:
    """What a status may say at the moment when it is made."""
    said = {c.type: c.status for c in made.status.conditions}
    reason = next((c.reason for c in made.status.conditions if c.type == "Ready"), "")
    if said.get("Ready") == "True" and reason not in ("Asleep", "Waking"):
        routed = made.status.routing.desired if made.status.routing is not None else {}
        assert any(map(cluster.ready, {*cluster.serving(), *routed})), (
            "Ready says True while what should serve has no ready pod"
        )
    if "True" not in (said.get("Reconciling"), said.get("Stalled")):
        assert said["Ready"] == "True"
        assert made.status.stable_revision == cluster.asked(), "settled on something else than was asked for"
        assert made.status.observed_generation == cluster.generation
    acts = made.apply or made.delete or made.scales
    assert not acts or not remembered.differs(cluster.status, made.status)


def moved(cluster: Cluster, before: frozenset[str], after: frozenset[str]) -> None:
    """Traffic never goes from a revision with ready pods to one without."""
    if before != after and any(map(cluster.ready, before)):
        assert any(map(cluster.ready, after)), (
            f"traffic went from {before} with ready pods to {after} without"
        )


def scaled(cluster: Cluster, revision: str | None, size: int) -> None:
    """What the operator may ask of the size of what serves."""
    if revision is not None and revision in (cluster.status.stable_revision, cluster.selected()):
        if revision == cluster.status.candidate_revision:
            return
        assert size >= cluster.spec.scaling.min_replicas, "what serves is never made too small"
        assert size > cluster.size(revision), "what serves is only ever made larger"


def at_rest(cluster: Cluster) -> None:
    """The sizes that everything comes to."""
    bounds = cluster.spec.scaling
    for key in cluster.objects:
        child = cluster.child(key)
        if key.kind != "Deployment":
            continue
        size = cluster.objects[key]["spec"]["replicas"]
        if child.revision is None:
            assert size == 1
        elif child.revision == cluster.status.stable_revision:
            sleeps = bounds.to_zero is not None and cluster.idle and not size
            assert sleeps or bounds.min_replicas <= size <= bounds.max_replicas
        else:
            assert size == 0
