"""Which steps are told, and in which words."""

from dataclasses import replace

import pytest

from modelyard_operator.api.notifications import Occasion
from modelyard_operator.notify.notice import OCCASIONS, notice, subject, text
from modelyard_operator.reconcile.drift import DRIFTED
from modelyard_operator.rollout.state import Happening
from tests.operator.notify.cases import NOW, RESOURCE, STATUS, made


def test_every_occasion_is_told_and_each_step_is_a_step() -> None:
    assert set(OCCASIONS.values()) == set(Occasion)
    assert set(OCCASIONS) - {DRIFTED} <= set(Happening)


def test_steps_that_nobody_asks_for_are_not_told() -> None:
    assert notice(RESOURCE, "TrafficShifted", "", STATUS, NOW) is None


@pytest.mark.parametrize("reason", OCCASIONS)
def test_the_text_says_all_of_it(reason: str) -> None:
    told = made(reason, "what happened, and why")
    assert subject(told).startswith("sentiment in team: ")
    whole = text(told)
    for words in (subject(told), "what happened, and why", "rnew", "rold", "2026-11-21T12:00:00Z"):
        assert words in whole
    assert "$" not in whole


def test_a_step_has_one_id_and_no_two_have_the_same() -> None:
    assert made().id == made().id
    others = [
        made("Promoted"),
        made(message="other words"),
        notice(
            replace(RESOURCE, resource_version="42"),
            "AwaitingApproval",
            "the evidence is frozen",
            STATUS,
            NOW,
        ),
        notice(replace(RESOURCE, uid="u-2"), "AwaitingApproval", "the evidence is frozen", STATUS, NOW),
    ]
    assert len({made().id, *(other.id for other in others if other)}) == 5


def test_a_template_says_what_one_wants_and_leaves_what_it_does_not_know() -> None:
    assert text(made(), "$name: $message ($occasion) $unknown $5") == (
        "sentiment: the evidence is frozen (waitingForApproval) $unknown $5"
    )


def test_a_message_is_no_template() -> None:
    assert text(made(message="costs $name"), "$message") == "costs $name"
