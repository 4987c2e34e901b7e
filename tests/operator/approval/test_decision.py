"""What approvals come to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_operator.approval.decision import MAX_MESSAGE, Policy, Question, Standing, decide
from modelyard_operator.approval.guards import UNREAD, Guard, Guards
from modelyard_operator.kube.approvals import Approval

ASKED = datetime(2026, 11, 21, 12, tzinfo=UTC)
DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
QUESTION = Question("rnew", DIGEST, ASKED, ASKED - timedelta(minutes=5), ("author",))
LONG_AGO = Guard(since=ASKED - timedelta(days=1))
GUARDED = Guards(LONG_AGO, LONG_AGO)
MISSING = Guard(problem="the policy is not installed: kubectl apply it")


def at(minutes: float) -> datetime:
    return ASKED + timedelta(minutes=minutes)


def made(approver: str = "alice", minutes: float = 1, **more: str) -> Approval:
    fields = {"revision": "rnew", "evidence": DIGEST, "decision": "approve", "reason": ""} | more
    return Approval(name=f"{approver}-{minutes:g}", approver=approver, created_at=at(minutes), **fields)


def test_one_approval_is_enough_unless_more_are_required() -> None:
    decision = decide([made()], QUESTION, Policy(), GUARDED, at(2))
    assert (decision.standing, decision.approvers) == (Standing.APPROVED, ("alice",))
    assert decision.message == "revision rnew was approved by alice"

    two = Policy(required=2)
    waiting = decide([made(), made(minutes=2)], QUESTION, two, GUARDED, at(3))
    assert waiting.standing is Standing.WAITING, "the same person counts once"
    assert waiting.message == "revision rnew waits for approval: 1 of 2 approved (alice)"
    done = decide([made("bob", 2), made()], QUESTION, two, GUARDED, at(3))
    assert (done.standing, done.approvers) == (Standing.APPROVED, ("alice", "bob"))


def test_one_who_rejects_is_enough() -> None:
    several = [made(), made("bob", 2), made("carol", 3, decision="reject", reason="flips labels")]
    decision = decide(several, QUESTION, Policy(required=2), GUARDED, at(4))
    assert decision.standing is Standing.REJECTED
    assert decision.message == "carol rejected revision rnew: flips labels"


def test_a_change_of_mind_rejects() -> None:
    both = [made(minutes=1), made(minutes=2, decision="reject")]
    assert decide(both, QUESTION, Policy(), GUARDED, at(3)).standing is Standing.REJECTED


@pytest.mark.parametrize(
    ("approval", "says"),
    [
        (made(revision="rold"), "alice-1 of alice does not count: it is for revision rold"),
        (made(evidence=OTHER), "it is for other evidence (sha256:bbbbbbbbbbbb, now sha256:aaaaaaaaaaaa)"),
        (made(minutes=-10), ""),
        (made(minutes=-10, evidence=OTHER), ""),
        (made(minutes=-10, revision="rold", decision="reject"), ""),
    ],
)
def test_what_is_for_something_else_never_counts(approval: Approval, says: str) -> None:
    decision = decide([approval], QUESTION, Policy(), GUARDED, at(2))
    if approval.evidence == DIGEST and approval.revision == "rnew":
        assert decision.standing is Standing.APPROVED, "the digest alone says what was seen"
        return
    assert (decision.standing, decision.approvers) == (Standing.WAITING, ())
    assert says in decision.message
    assert says or "does not count" not in decision.message, "an earlier rollout's is not worth a word"


def test_nobody_approves_what_they_changed() -> None:
    policy = Policy(forbid_self_approval=True)
    own = decide([made("author")], QUESTION, policy, GUARDED, at(2))
    assert own.standing is Standing.WAITING
    assert "whoever changed the spec cannot approve it (forbidSelfApproval)" in own.message
    assert decide([made("author")], QUESTION, Policy(), GUARDED, at(2)).standing is Standing.APPROVED
    assert decide([made()], QUESTION, policy, GUARDED, at(2)).standing is Standing.APPROVED
    assert (
        decide([made("author", decision="reject")], QUESTION, policy, GUARDED, at(2)).standing
        is Standing.REJECTED
    )


def test_nobody_approves_what_they_changed_before_somebody_else_did() -> None:
    question = replace(QUESTION, changed_by=("author", "bob"))
    decision = decide(
        [made("author"), made("bob")], question, Policy(forbid_self_approval=True), GUARDED, at(2)
    )
    assert (decision.standing, decision.approvers) == (Standing.WAITING, ())


def test_without_the_admission_policy_nothing_counts() -> None:
    guards = Guards(MISSING, LONG_AGO)
    for approvals in ([], [made()], [made(decision="reject")]):
        decision = decide(approvals, QUESTION, Policy(), guards, at(2))
        assert (decision.standing, decision.approvers) == (Standing.UNVERIFIED, ())
        assert decision.message == f"approvals do not count: {MISSING.problem}"


def test_what_was_made_while_the_policy_was_away_is_not_believed_once_it_is_back() -> None:
    guards = Guards(Guard(since=at(5)), LONG_AGO)
    decision = decide([made(minutes=4)], QUESTION, Policy(), guards, at(6))
    assert decision.standing is Standing.WAITING
    assert "it was made before the admission policy was in force (2026-11-21T12:05:00Z): make it again" in (
        decision.message
    )
    assert decide([made(minutes=5)], QUESTION, Policy(), guards, at(6)).standing is Standing.APPROVED


def test_before_anybody_looked_at_the_policies_it_waits() -> None:
    for guards in (UNREAD, Guards(LONG_AGO, Guard())):
        policy = Policy(forbid_self_approval=True)
        decision = decide([made()], QUESTION, policy, guards, at(2))
        assert (decision.standing, decision.approvers) == (Standing.WAITING, ())


@pytest.mark.parametrize(
    ("guard", "question", "says"),
    [
        (MISSING, QUESTION, "who changed the spec, and the policy is not installed"),
        (LONG_AGO, replace(QUESTION, changed_by=()), "modelyard.dev/changed-by is missing"),
        (Guard(since=at(-1)), QUESTION, "it was changed before the admission policy was in force"),
        (LONG_AGO, replace(QUESTION, started_at=None), "it was changed before the admission policy"),
    ],
)
def test_self_approval_can_be_forbidden_only_where_it_is_known_who_changed_the_spec(
    guard: Guard, question: Question, says: str
) -> None:
    guards = Guards(LONG_AGO, guard)
    decision = decide([made()], question, Policy(forbid_self_approval=True), guards, at(2))
    assert decision.standing is Standing.UNVERIFIED
    assert says in decision.message
    assert decide([made()], question, Policy(), guards, at(2)).standing is Standing.APPROVED


def test_it_expires() -> None:
    policy = Policy(required=2, expires_after=600)
    waiting = decide([made()], QUESTION, policy, GUARDED, at(9))
    assert (waiting.standing, waiting.expires_at) == (Standing.WAITING, at(10))
    late = decide([made(), made("bob", 11)], QUESTION, policy, GUARDED, at(12))
    assert late.standing is Standing.EXPIRED
    assert late.message.startswith("1 of 2 approved (alice) within 600 s (expiresAfter)")
    assert "bob-11 of bob does not count: it came too late" in late.message
    # What was decided in time counts, however late the operator looks.
    assert decide([made(), made("bob", 9)], QUESTION, policy, GUARDED, at(99)).standing is Standing.APPROVED
    unverified = decide([], QUESTION, policy, Guards(MISSING), at(12))
    assert unverified.standing is Standing.EXPIRED
    assert MISSING.problem in unverified.message


@pytest.mark.parametrize(
    ("unread", "policy"),
    [
        (UNREAD, Policy(expires_after=600)),
        (Guards(LONG_AGO, Guard()), Policy(expires_after=600, forbid_self_approval=True)),
    ],
)
def test_nothing_expires_before_it_is_known_whether_an_approval_in_time_counts(
    unread: Guards, policy: Policy
) -> None:
    waiting = decide([made(minutes=9)], QUESTION, policy, unread, at(12))
    assert waiting.standing is Standing.WAITING
    assert waiting.message == ("revision rnew waits for approval: whether approvals count is being looked up")
    assert decide([made(minutes=9)], QUESTION, policy, GUARDED, at(13)).standing is Standing.APPROVED
    assert decide([], QUESTION, policy, GUARDED, at(13)).standing is Standing.EXPIRED
    failing = decide([], QUESTION, policy, replace(unread, trouble="503 ServiceUnavailable"), at(12))
    assert failing.standing is Standing.WAITING
    assert failing.message.endswith("is being looked up, and that fails: 503 ServiceUnavailable")


def test_messages_are_bounded() -> None:
    many = [made(f"someone-{number}" * 20, number, evidence=OTHER) for number in range(50)]
    decision = decide(many, QUESTION, Policy(), GUARDED, at(60))
    assert len(decision.message) <= MAX_MESSAGE
    few = [made(f"a{number}", number, evidence=OTHER) for number in range(5)]
    assert decide(few, QUESTION, Policy(), GUARDED, at(60)).message.endswith("and 2 more do not count")


APPROVALS = st.lists(
    st.builds(
        made,
        st.sampled_from(["alice", "bob", "author"]),
        st.integers(-5, 20),
        revision=st.sampled_from(["rnew", "rold"]),
        evidence=st.sampled_from([DIGEST, OTHER]),
        decision=st.sampled_from(["approve", "reject"]),
    ),
    max_size=6,
)
GUARDS = st.builds(
    Guards,
    *[st.sampled_from([LONG_AGO, MISSING, Guard(), Guard(since=ASKED - timedelta(minutes=6))])] * 2,
)


@given(
    APPROVALS,
    st.builds(Policy, st.integers(1, 3), st.sampled_from([None, 600.0]), st.booleans()),
    GUARDS,
    st.integers(0, 30),
)
def test_approved_means_enough_different_people_for_this_very_evidence(
    approvals: list[Approval], policy: Policy, guards: Guards, minutes: int
) -> None:
    decision = decide(approvals, QUESTION, policy, guards, at(minutes))
    fit = [a for a in approvals if (a.revision, a.evidence) == ("rnew", DIGEST)]
    approving = {a.approver for a in fit if a.decision == "approve"}
    assert set(decision.approvers) <= approving
    if decision.standing is Standing.APPROVED:
        assert len(decision.approvers) >= policy.required
        assert guards.approver.since is not None
        assert all(a.decision == "approve" for a in fit)
        if policy.forbid_self_approval:
            assert "author" not in decision.approvers
            assert guards.changed_by.since is not None
    is_read = guards.approver.is_known and (guards.changed_by.is_known or not policy.forbid_self_approval)
    if decision.standing in (Standing.WAITING, Standing.UNVERIFIED) and policy.expires_after:
        assert decision.expires_at == at(10)
        assert minutes < 10 or not is_read
    assert decision.standing is not Standing.EXPIRED or is_read
