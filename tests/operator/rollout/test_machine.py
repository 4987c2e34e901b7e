"""The state machine, rule by rule: a state, what is seen, and the step that follows."""

from dataclasses import replace
from datetime import timedelta

import pytest

from modelyard_operator.api.status import Phase, Rejected, RevisionState
from modelyard_operator.rollout.evidence import Failure, Policy, Population, Stage
from modelyard_operator.rollout.state import Happening, State
from tests.operator.rollout.situations import (
    BROKEN,
    NEW,
    NOW,
    OLD,
    OTHER,
    PROMOTING,
    ROLLING,
    SLOW,
    STABLE,
    WARM,
    asked,
    entry,
    run,
    serving,
    states,
)


class TestStart:
    def test_the_first_revision_starts_with_nothing_stable(self):
        after, news = run(State(), asked=asked(NEW))
        assert (after.phase, after.candidate, after.stable) == (Phase.PROGRESSING, NEW, None)
        assert after.started_at == NOW
        assert news == [Happening.CREATED]

    def test_an_unresolved_source_starts_nothing(self):
        assert run(STABLE, asked=asked(None, "key-x"), populations={OLD: serving()})[0] == STABLE

    def test_what_serves_already_starts_nothing(self):
        assert run(STABLE, asked=asked(OLD), populations={OLD: serving()})[0] == STABLE

    def test_paused_starts_nothing(self):
        seen = {"asked": asked(NEW), "policy": Policy(paused=True), "populations": {OLD: serving()}}
        assert run(STABLE, **seen)[0] == STABLE

    def test_a_rejected_revision_is_not_tried_again(self):
        state = replace(STABLE, rejected=(Rejected(revision=NEW, reason="X", message="y", at=NOW),))
        assert run(state, asked=asked(NEW), populations={OLD: serving()})[0] == state

    def test_a_cold_revision_starts_again_as_candidate(self):
        cold = entry(NEW, RevisionState.COLD, retired_at=NOW)
        after, news = run(STABLE.with_entry(cold), asked=asked(NEW), populations={OLD: serving()})
        assert states(after) == {NEW: RevisionState.CANDIDATE, OLD: RevisionState.STABLE}
        assert news == [Happening.STARTED]

    def test_another_way_to_write_the_same_source_is_no_new_revision(self):
        after, _ = run(STABLE, asked=asked(OLD, "key-else"), populations={OLD: serving()})
        assert after.entry(OLD).model_key == "key-else"
        assert states(after) == {OLD: RevisionState.STABLE}


class TestPromote:
    @pytest.mark.parametrize(("stable_size", "needed"), [(1, 2), (3, 3), (9, 5)])
    def test_the_candidate_needs_what_the_stable_revision_has(self, stable_size, needed):
        policy = Policy(minimum=2, maximum=5)
        old = serving(stable_size)
        short = {OLD: old, NEW: serving(needed, needed - 1)}
        assert run(ROLLING, asked=asked(NEW), policy=policy, populations=short)[0].phase is Phase.PROGRESSING
        full = {OLD: old, NEW: serving(needed)}
        after, _ = run(ROLLING, asked=asked(NEW), policy=policy, populations=full)
        assert (after.phase, after.stable, after.candidate) == (Phase.PROMOTING, NEW, None)
        assert after.entry(NEW).held_replicas == needed
        former = after.entry(OLD)
        assert (former.state, former.retired_at, former.held_replicas) == (
            RevisionState.WARM,
            NOW,
            stable_size,
        )

    def test_the_first_revision_takes_one_ready_pod(self):
        first = State(
            phase=Phase.PROGRESSING, candidate=NEW, revisions=(entry(NEW, RevisionState.CANDIDATE),)
        )
        populations = {NEW: serving(4, 1)}
        after, _ = run(first, asked=asked(NEW), policy=Policy(minimum=4), populations=populations)
        assert (after.phase, after.stable) == (Phase.PROMOTING, NEW)

    def test_one_ready_pod_is_enough_when_the_stable_revision_has_none(self):
        populations = {OLD: serving(3, 0), NEW: serving(3, 1)}
        assert run(ROLLING, asked=asked(NEW), populations=populations)[0].stable == NEW

    def test_pods_of_an_older_generation_do_not_count(self):
        populations = {OLD: serving(), NEW: Population(1, 1, observed=False)}
        assert run(ROLLING, asked=asked(NEW), populations=populations)[0] == ROLLING

    def test_paused_keeps_a_ready_candidate_from_taking_over(self):
        populations = {OLD: serving(), NEW: serving()}
        late = NOW + timedelta(hours=1)
        seen = {"asked": asked(NEW), "policy": Policy(paused=True), "populations": populations}
        after, news = run(ROLLING, late, **seen)
        assert (after.phase, after.candidate, after.stable, news) == (Phase.PROGRESSING, NEW, OLD, [])


class TestPromoting:
    POPULATIONS = {OLD: serving(3), NEW: serving(3)}  # noqa: RUF012 - never changed

    def test_it_waits_until_the_live_service_selects_the_new_one(self):
        seen = {"asked": asked(NEW), "populations": self.POPULATIONS, "selected": OLD}
        assert run(PROMOTING, **seen)[0] == PROMOTING

    def test_then_it_is_done(self):
        after, news = run(PROMOTING, asked=asked(NEW), populations=self.POPULATIONS, selected=NEW)
        assert (after.phase, after.promoted_at, after.started_at) == (Phase.IDLE, NOW, None)
        assert after.entry(NEW).held_replicas is None
        assert states(after) == {NEW: RevisionState.STABLE, OLD: RevisionState.WARM}
        assert news == [Happening.PROMOTED]

    def test_not_before_it_has_its_size(self):
        populations = {OLD: serving(3), NEW: serving(2)}
        after, _ = run(PROMOTING, asked=asked(NEW), populations=populations, selected=NEW)
        assert after.phase is Phase.PROMOTING

    @pytest.mark.parametrize("wanted", [OLD, OTHER])
    def test_a_further_change_before_traffic_moved_takes_it_back(self, wanted):
        after, news = run(PROMOTING, asked=asked(wanted), populations=self.POPULATIONS, selected=OLD)
        assert after.stable == OLD
        assert after.entry(NEW) is None
        assert after.candidate == (None if wanted == OLD else OTHER)
        assert news[:2] == [Happening.TAKEN_BACK, Happening.SUPERSEDED]

    def test_pods_that_went_away_before_traffic_moved_take_it_back(self):
        populations = {OLD: serving(3), NEW: serving(3, 0)}
        after, news = run(PROMOTING, asked=asked(NEW), populations=populations, selected=OLD)
        assert (after.phase, after.stable, after.candidate) == (Phase.PROGRESSING, OLD, NEW)
        assert after.started_at == PROMOTING.started_at, "its deadline goes on"
        assert news == [Happening.TAKEN_BACK]

    def test_a_further_change_after_traffic_moved_is_the_next_rollout(self):
        after, news = run(PROMOTING, asked=asked(OTHER), populations=self.POPULATIONS, selected=NEW)
        assert (after.stable, after.candidate) == (NEW, OTHER)
        assert news == [Happening.PROMOTED, Happening.CREATED]


class TestRollBack:
    def test_a_warm_revision_takes_over_in_the_same_moment(self):
        populations = {OLD: serving(2), NEW: serving(5)}
        after, _ = run(WARM, asked=asked(OLD), policy=Policy(maximum=9), populations=populations)
        assert (after.phase, after.stable) == (Phase.PROMOTING, OLD)
        assert after.entry(OLD).held_replicas == 5, "it grows to what serves now"
        done, news = run(
            after, asked=asked(OLD), populations={OLD: serving(5), NEW: serving(5)}, selected=OLD
        )
        assert news == [Happening.ROLLED_BACK]
        assert done.entry(OLD).retired_at is None

    def test_one_whose_pods_are_gone_starts_as_candidate(self):
        populations = {OLD: serving(2, 1), NEW: serving(2)}
        after, _ = run(WARM, asked=asked(OLD), populations=populations)
        assert (after.phase, after.candidate) == (Phase.PROGRESSING, OLD)

    def test_it_goes_cold_after_the_window(self):
        seen = {"asked": asked(NEW), "populations": {OLD: serving(2), NEW: serving(2)}, "selected": NEW}
        assert run(WARM, NOW + timedelta(seconds=599), **seen)[0] == WARM
        after, _ = run(WARM, NOW + timedelta(seconds=600), **seen)
        assert states(after) == {NEW: RevisionState.STABLE, OLD: RevisionState.COLD}
        assert after.entry(OLD).held_replicas is None

    def test_keep_warm_0_lets_go_once_traffic_has_moved(self):
        policy = Policy(keep_warm=0)
        populations = {OLD: serving(3), NEW: serving(3)}
        before, _ = run(PROMOTING, asked=asked(NEW), policy=policy, populations=populations, selected=OLD)
        assert before.entry(OLD).state is RevisionState.WARM
        after, _ = run(PROMOTING, asked=asked(NEW), policy=policy, populations=populations, selected=NEW)
        assert after.entry(OLD).state is RevisionState.COLD

    def test_only_so_many_are_remembered(self):
        colds = [
            entry(f"r{age}", RevisionState.COLD, retired_at=NOW - timedelta(hours=age)) for age in range(1, 5)
        ]
        state = replace(STABLE, revisions=(*STABLE.revisions, *colds))
        seen = {"asked": asked(OLD), "populations": {OLD: serving()}, "selected": OLD}
        assert set(states(run(state, **seen)[0])) == {OLD, "r1", "r2"}
        assert set(states(run(state, policy=Policy(keep_revisions=0), **seen)[0])) == {OLD}


class TestSupersede:
    def test_back_to_stable_drops_the_candidate(self):
        after, news = run(ROLLING, asked=asked(OLD), populations={OLD: serving(), NEW: serving()})
        assert after == STABLE
        assert news == [Happening.SUPERSEDED]

    def test_another_change_starts_from_stable(self):
        after, _ = run(ROLLING, asked=asked(OTHER), populations={OLD: serving(), NEW: serving(1, 0)})
        assert states(after) == {OTHER: RevisionState.CANDIDATE, OLD: RevisionState.STABLE}

    def test_one_that_once_served_goes_cold(self):
        again = ROLLING.with_entry(entry(NEW, RevisionState.CANDIDATE, retired_at=NOW))
        after, _ = run(again, asked=asked(OLD), populations={OLD: serving()})
        assert states(after)[NEW] is RevisionState.COLD

    def test_a_source_that_is_being_resolved_supersedes_at_once(self):
        after, _ = run(ROLLING, asked=asked(None, "key-else"), populations={OLD: serving(), NEW: serving()})
        assert after == STABLE

    def test_resolving_the_same_source_again_does_not(self):
        populations = {OLD: serving(), NEW: serving(1, 0)}
        assert run(ROLLING, asked=asked(None, f"key-{NEW}"), populations=populations)[0] == ROLLING


class TestReject:
    POPULATIONS = {OLD: serving(), NEW: serving(1, 0)}  # noqa: RUF012 - never changed

    def test_what_cannot_mend_itself_is_given_up_at_once(self):
        after, news = run(ROLLING, asked=asked(NEW), populations=self.POPULATIONS, failure=BROKEN)
        assert (after.phase, after.candidate, after.stable) == (Phase.IDLE, None, OLD)
        assert states(after)[NEW] is RevisionState.REJECTED
        assert after.rejection(NEW).reason == "NotAModel"
        assert news == [Happening.REJECTED]

    def test_the_deadline_gives_the_pods_own_words(self):
        seen = {"asked": asked(NEW), "populations": self.POPULATIONS, "failure": SLOW}
        assert run(ROLLING, NOW + timedelta(seconds=599), **seen)[0] == ROLLING
        after, _ = run(ROLLING, NOW + timedelta(seconds=600), **seen)
        assert after.rejection(NEW).reason == "Unschedulable"
        assert "0/3 nodes" in after.rejection(NEW).message

    def test_without_words_it_says_how_many_were_ready(self):
        seen = {"asked": asked(NEW), "populations": self.POPULATIONS}
        after, _ = run(ROLLING, NOW + timedelta(hours=1), **seen)
        assert after.rejection(NEW).message.startswith("0 of 1 pods were ready within 600 s")

    @pytest.mark.parametrize(
        ("stage", "split", "share"),
        [
            (Stage(weight=50, seconds=60), {"weight": 50}, "50 %"),
            (Stage(shadow=30, seconds=60), {"shadow": 30}, "copies of 30 %"),
        ],
    )
    def test_a_route_that_does_not_follow_is_given_the_modes_own_words(self, stage, split, share):
        shifting = replace(ROLLING, phase=Phase.SHIFTING, step_started_at=NOW, plan="p", **split)
        seen = {
            "asked": asked(NEW),
            "populations": {OLD: serving(), NEW: serving()},
            "policy": Policy(steps=(stage,), plan="p"),
            "refusals": {0: "spec.routing.mode: the API server has no virtualservices; install Istio"},
        }
        assert run(shifting, NOW + timedelta(seconds=599), **seen)[0].rejection(NEW) is None
        after, news = run(shifting, NOW + timedelta(seconds=600), **seen)
        assert news == [Happening.REJECTED]
        assert after.rejection(NEW).reason == "RouteNotFollowed"
        assert after.rejection(NEW).message == (
            f"the route did not send it {share} of the traffic within 600 s (spec.rollout.deadline): "
            "spec.routing.mode: the API server has no virtualservices; install Istio"
        )

    def test_long_words_fit_into_status(self):
        chatty = Failure("Crashed", "x" * 1024)
        late = NOW + timedelta(hours=1)
        after, _ = run(ROLLING, late, asked=asked(NEW), populations=self.POPULATIONS, failure=chatty)
        assert len(after.rejection(NEW).message) == 1024

    def test_the_first_revision_is_never_given_up(self):
        first = replace(ROLLING, stable=None, revisions=(entry(NEW, RevisionState.CANDIDATE),))
        seen = {"asked": asked(NEW), "populations": {NEW: serving(1, 0)}, "failure": BROKEN}
        assert run(first, NOW + timedelta(hours=1), **seen)[0] == first

    def test_it_is_forgotten_once_the_spec_moves_on_but_not_why(self):
        rejected, _ = run(ROLLING, asked=asked(NEW), populations=self.POPULATIONS, failure=BROKEN)
        after, _ = run(rejected, asked=asked(OLD), populations=self.POPULATIONS)
        assert set(states(after)) == {OLD}
        assert after.rejection(NEW) is not None
        again, _ = run(after, asked=asked(NEW), populations=self.POPULATIONS)
        assert again == after, "the same hash is not tried again"
