import pytest

from benchmarks.rollout.asked import Answer, Answers, failed_for, last_of_others, settled, shares

OLD, NEW = "rold", "rnew"


def answers(*found: tuple[float, str | None]) -> list[Answer]:
    return [Answer(at, revision, revision is not None) for at, revision in found]


def test_shares_are_of_the_answers_that_name_a_revision() -> None:
    found = answers((1, OLD), (2, OLD), (3, NEW), (4, None), (5, OLD))

    assert shares(found) == {OLD: 75, NEW: 25}
    assert shares([]) == {}


def test_the_last_answer_of_another_revision_counts_from_the_beginning() -> None:
    found = answers((10.1, NEW), (10.2, OLD), (10.4, NEW), (10.5, OLD))

    assert last_of_others(found, OLD, 10) == pytest.approx(0.4)
    assert last_of_others(answers((10.1, OLD)), OLD, 10) == 0


def test_failures_last_from_the_first_to_the_last_of_them() -> None:
    assert failed_for(answers((1, OLD), (2, None), (3, OLD), (4.5, None), (6, OLD))) == 2.5
    with pytest.raises(ValueError, match="no request failed"):
        failed_for(answers((1, OLD)))


def test_traffic_has_settled_when_the_last_answers_are_all_of_one() -> None:
    # From several clients: not in the order of time.
    found = answers((3, NEW), (1, OLD), (4, NEW), (2, NEW))

    assert settled(found, NEW, 3)
    assert not settled(found, NEW, 4)
    assert not settled(found, NEW, 5)
    assert not settled([*found, Answer(5, NEW, False)], NEW, 3)


def test_answers_are_found_by_when_they_came() -> None:
    found = Answers()
    for each in answers((1, OLD), (2, None), (3, NEW)):
        found.add(each)

    assert found.after(2) == answers((2, None), (3, NEW))
    assert found.failed == 1
