"""The condition Approved, and who may approve, in whole stories."""

from dataclasses import replace
from datetime import timedelta

from modelyard_operator import labels
from modelyard_operator.api.status import Phase
from modelyard_operator.approval.guards import UNREAD, Guard, Guards
from modelyard_operator.kube.approvals import Approval
from tests.operator.reconcile.simulator import START, V2, World, go_on, settled, spec

IN_FORCE = Guard(since=START - timedelta(days=1))
GUARDED = Guards(IN_FORCE, IN_FORCE)
AWAY = Guard(problem="the policy is not installed: apply it")
STEPS = ({"approval": {"forbidSelfApproval": True}},)


def asked(steps=STEPS, changed_by: str = "ada", guards: Guards = GUARDED) -> World:
    """A world that waits for approval of what `changed_by` changed."""
    rollout = {"rollout": {"steps": list(steps)}}
    world = settled(**rollout)
    world.guards = guards
    world.annotations[labels.CHANGED_BY] = changed_by
    world.edit(spec(image=V2, **rollout))
    go_on(world, 8)
    assert world.status.rollout.phase is Phase.AWAITING_APPROVAL
    return world


def approve(world: World, who: str, passes: int = 6) -> None:
    status = world.status
    one = Approval(
        who, status.candidate_revision, status.rollout.evidence_digest, "approve", who, "", world.now
    )
    world.approvals = (*world.approvals, one)
    go_on(world, passes)


def approved(world: World) -> tuple[str, str]:
    found = world.condition("Approved")
    return (found.status, found.reason)


def test_it_is_there_only_while_somebody_is_asked() -> None:
    world = asked()
    assert approved(world) == ("False", "AwaitingApproval")
    approve(world, "bob")
    assert world.status.stable_revision != world.status.revisions[-1].name
    assert not [each for each in world.status.conditions if each.type == "Approved"]


def test_where_nobody_can_tell_who_approved_it_says_so_and_waits() -> None:
    world = asked(({"approval": {}},), guards=Guards(AWAY, AWAY))
    approve(world, "bob")
    assert approved(world) == ("Unknown", "ApprovalUnverified")
    assert world.condition("Approved").message == f"approvals do not count: {AWAY.problem}"
    assert AWAY.problem in world.status.rollout.message
    assert world.condition("Ready").status == "True"
    world.guards = Guards(IN_FORCE, AWAY)
    go_on(world, 6)
    assert world.status.rollout.phase is not Phase.AWAITING_APPROVAL


def test_who_changed_the_spec_cannot_approve_it() -> None:
    world = asked()
    approve(world, "ada")
    assert world.status.rollout.phase is Phase.AWAITING_APPROVAL
    assert "whoever changed the spec cannot approve it" in world.status.rollout.message
    approve(world, "bob")
    assert world.status.rollout.phase is not Phase.AWAITING_APPROVAL


def test_nor_once_somebody_else_has_changed_something_too() -> None:
    world = asked()
    world.annotations[labels.CHANGED_BY] = "bob"
    world.edit(with_maximum(world, 9))
    go_on(world, 4)
    assert set(world.status.rollout.changed_by) == {"ada", "bob"}
    approve(world, "ada")
    approve(world, "bob")
    assert world.status.rollout.phase is Phase.AWAITING_APPROVAL
    approve(world, "carol")
    assert world.status.rollout.phase is not Phase.AWAITING_APPROVAL


def test_an_approval_in_time_counts_though_the_operator_began_anew_when_time_was_up() -> None:
    world = asked(({"approval": {"expiresAfter": "10m"}},))
    rollout = world.status.rollout
    one = Approval(
        "bob", world.status.candidate_revision, rollout.evidence_digest, "approve", "bob", "", world.now
    )
    world.approvals = (one,)
    world.guards = UNREAD
    world.now += timedelta(minutes=11)
    go_on(world, 2)
    assert approved(world) == ("False", "AwaitingApproval")
    assert "whether approvals count is being looked up" in world.status.rollout.message
    assert world.reconcile().requeue_after is not None, "should nobody wake it"
    world.guards = GUARDED
    go_on(world, 6)
    assert world.status.stable_revision == world.asked()


def with_maximum(world: World, maximum: int):
    scaling = world.spec.scaling.model_copy(update={"max_replicas": maximum})
    return world.spec.model_copy(update={"scaling": scaling})


def test_a_spec_that_was_changed_before_the_policy_was_there_is_refused_in_words() -> None:
    world = asked()
    world.guards = replace(world.guards, changed_by=Guard(since=world.now + timedelta(seconds=1)))
    approve(world, "bob")
    assert approved(world) == ("Unknown", "ApprovalUnverified")
    assert "it was changed before the admission policy was in force" in world.status.rollout.message


def test_however_many_approve_it_goes_on_and_the_first_are_named() -> None:
    world = asked()
    world.edit(world.spec.model_copy(update={"rollout": paused(world)}))
    people = [f"person-{number:02}" for number in range(20)]
    for who in people:
        approve(world, who, passes=1)
    rollout = world.status.rollout
    assert rollout.phase is Phase.AWAITING_APPROVAL, "it is paused"
    assert rollout.approvals == tuple(people[:16])
    world.edit(world.spec.model_copy(update={"rollout": paused(world, False)}))
    go_on(world, 6)
    assert world.status.stable_revision == world.asked()


def paused(world: World, is_paused: bool = True):
    return world.spec.rollout.model_copy(update={"paused": is_paused})
