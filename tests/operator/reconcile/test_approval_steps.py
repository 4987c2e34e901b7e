"""Approval as a step of a rollout: whole stories."""

from datetime import timedelta

from modelyard_operator.api.status import Phase
from modelyard_operator.approval.guards import Guard, Guards
from modelyard_operator.kube.approvals import Approval
from tests.operator.reconcile.simulator import (
    START,
    V2,
    World,
    go_on,
    reasons,
    spec,
)
from tests.operator.reconcile.stepped import begun, canary, command


class TestApproval:
    STEPS = ({"approval": {}}, {"weight": 100})

    def waiting(self) -> tuple[World, str, str]:
        world, old, new = begun(steps=self.STEPS)
        world.guards = Guards(Guard(since=START - timedelta(days=1)))
        return world, old, new

    def decide(self, world: World, decision: str, digest: str | None = None) -> None:
        digest = digest or world.status.rollout.evidence_digest
        name = world.status.candidate_revision
        world.approvals = (Approval("a1", name, digest, decision, "ada", "seen", world.now),)

    def test_blue_green_waits_with_all_pods_up_and_switches_once_approved(self):
        world, old, new = self.waiting()
        assert world.status.rollout.phase is Phase.AWAITING_APPROVAL
        assert (world.serving(), world.ready(new)) == ({old}, 3)
        assert world.condition("Ready").status == "True"
        assert world.condition("Reconciling").reason == "AwaitingApproval"
        world.now += timedelta(days=2)
        go_on(world, 3)
        assert world.status.rollout.phase is Phase.AWAITING_APPROVAL
        self.decide(world, "approve")
        go_on(world, 6)
        assert (world.serving(), world.status.stable_revision) == ({new}, new)
        assert "Approved" in reasons(world)

    def test_a_no_aborts(self):
        world, old, _ = self.waiting()
        self.decide(world, "reject")
        go_on(world, 6)
        assert world.serving() == {old}
        assert world.status.rollout.rejected[0].reason == "ApprovalRejected"

    def test_approval_of_other_evidence_does_not_count(self):
        world, old, _ = self.waiting()
        self.decide(world, "approve", "sha256:" + "0" * 64)
        go_on(world, 6)
        assert world.serving() == {old}
        assert world.status.rollout.phase is Phase.AWAITING_APPROVAL

    def test_neither_skip_nor_promote_passes_over_it(self):
        world, _, new = self.waiting()
        for verb in ("skip", "promote"):
            command(world, verb, new)
            go_on(world, 2)
            assert world.status.rollout.phase is Phase.AWAITING_APPROVAL
            assert "is an approval" in world.events[-1].message

    def test_a_change_of_the_steps_asks_anew(self):
        world, _, _ = self.waiting()
        before = world.status.rollout.evidence_digest
        self.decide(world, "approve")
        world.edit(
            spec(image=V2, **canary(steps=({"approval": {"required": 1}}, {"weight": 100, "for": "1h"})))
        )
        go_on(world, 4)
        assert world.status.rollout.phase is Phase.AWAITING_APPROVAL
        assert world.status.rollout.evidence_digest != before
