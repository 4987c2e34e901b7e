from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.shadow.compare import classes
from modelyard_server.shadow.compare.base import NONE, Difference

LABELS = ["ant", "bee", "cat", "dog"]
ENTRIES = st.lists(
    st.tuples(st.sampled_from(LABELS), st.floats(0, 1)), unique_by=lambda pair: pair[0], max_size=4
).map(lambda pairs: entry(**dict(pairs)))


def entry(**scores: float) -> list[dict[str, Any]]:
    ordered = sorted(scores.items(), key=lambda pair: -pair[1])
    return [{"label": label, "score": score} for label, score in ordered]


def one(stable: Any, candidate: Any) -> Difference:
    return classes.compare_one(classes.sketch(stable, 256), classes.sketch(candidate, 256))


def several(stable: Any, candidate: Any, said: float = 0.5) -> Difference:
    return classes.compare_several(classes.sketch(stable, 256), classes.sketch(candidate, 256), said)


def test_another_first_label_is_a_flip() -> None:
    found = one(entry(ant=0.9, bee=0.1), entry(ant=0.3, bee=0.7))
    assert found == Difference(True, {"score": pytest.approx(0.6)}, (("ant", "bee"),))


def test_a_score_that_moves_is_no_disagreement() -> None:
    found = one(entry(ant=0.9, bee=0.1), entry(ant=0.6, bee=0.4))
    assert found == Difference(False, {"score": pytest.approx(0.3)})


def test_a_label_that_is_not_listed_has_at_most_what_is_left() -> None:
    # ?top_k=1: ant's score can be 0.45 at most where bee has 0.55.
    assert one(entry(ant=0.5), entry(bee=0.55)).shifts["score"] == pytest.approx(0.05)


def test_an_answer_without_labels() -> None:
    assert one([], []) == Difference(False, {"score": 0.0})
    assert one(entry(ant=0.9), []).flips == (("ant", NONE),)
    assert one([], entry(ant=0.9)).flips == ((NONE, "ant"),)


def test_of_several_labels_those_count_that_are_said() -> None:
    found = several(entry(ant=0.9, bee=0.6, cat=0.1), entry(ant=0.8, bee=0.4, cat=0.7))
    assert found == Difference(True, {"score": pytest.approx(0.6)}, (("bee", NONE), (NONE, "cat")))
    assert not several(entry(ant=0.9, bee=0.6), entry(bee=0.9, ant=0.6)).disagreed
    assert several(entry(ant=0.3), entry(ant=0.1), said=0.2).disagreed


def test_values_disagree_as_numbers() -> None:
    def compared(before: float, after: float) -> bool:
        return classes.compare_values([["score", before]], [["score", after]]).disagreed

    assert not compared(4.0, 4.1)
    assert compared(4.0, 4.5)


def test_a_long_label_is_cut() -> None:
    assert classes.sketch([{"label": "x" * 500, "score": 1}], 256) == [["x" * 80, 1.0]]


@given(ENTRIES)
def test_equal_answers_agree(answer: Any) -> None:
    for found in (one(answer, answer), several(answer, answer)):
        assert found == Difference(False, {"score": 0.0})


@given(ENTRIES, ENTRIES)
def test_a_shift_is_a_difference_of_scores(stable: Any, candidate: Any) -> None:
    for found in (one(stable, candidate), several(stable, candidate)):
        assert 0 <= found.shifts["score"] <= 1
        assert found.disagreed == bool(found.flips)
