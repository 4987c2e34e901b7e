import pytest

from devcluster.overcommit import cpus


@pytest.mark.parametrize(("text", "number"), [("2", 2), ("1900m", 1.9), ("8", 8)])
def test_the_node_s_cpus_are_read_in_both_forms(text: str, number: float) -> None:
    assert cpus({"status": {"allocatable": {"cpu": text}}}) == number


def test_a_node_that_says_nothing_offers_nothing() -> None:
    assert cpus(None) == cpus({}) == 0
