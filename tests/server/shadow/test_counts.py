from prometheus_client import CollectorRegistry

from modelyard_server.shadow.compare import Difference
from modelyard_server.shadow.counts import MAX_FLIPS, OTHER, Counts
from modelyard_server.shadow.part import Role
from modelyard_server.tally import Identity


def samples(registry: CollectorRegistry, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels.values())[1:]: sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == f"modelyard_shadow_{name}"
    }


def flip(before: str, after: str) -> Difference:
    return Difference(True, {"score": 0.5}, ((before, after),))


def test_nothing_compared_is_zero_from_the_start() -> None:
    registry = CollectorRegistry()
    Counts(registry, Identity(revision="r1")).begin("r1-r2")
    assert samples(registry, "compared_total") == {("r1-r2", "stable"): 0, ("r1-r2", "candidate"): 0}
    assert samples(registry, "disagreed_total") == {("r1-r2", "stable"): 0, ("r1-r2", "candidate"): 0}


def test_flips_are_bounded_and_none_is_lost() -> None:
    registry = CollectorRegistry()
    counts = Counts(registry, Identity(revision="r1"))
    counts.begin("r1-r2")
    for _ in range(2):
        counts.compared(Role.CANDIDATE, [flip("a", str(number)) for number in range(100)])
    counts.compared(Role.STABLE, [flip("a", "1")])

    found = samples(registry, "flips_total")
    assert len(found) == MAX_FLIPS + 2
    assert sum(found.values()) == 201
    assert found["r1-r2", "candidate", "a", "7"] == 2
    assert found["r1-r2", "candidate", OTHER, OTHER] == 2 * (100 - MAX_FLIPS)
    assert found["r1-r2", "stable", OTHER, OTHER] == 1


def test_another_pair_begins_anew() -> None:
    registry = CollectorRegistry()
    counts = Counts(registry, Identity(revision="r1"))
    counts.begin("r1-r2")
    counts.compared(Role.CANDIDATE, [flip("a", "b")])
    counts.begin("r1-r2")
    assert samples(registry, "compared_total")["r1-r2", "candidate"] == 1
    counts.begin("r1-r3")
    assert samples(registry, "flips_total") == {}
    assert samples(registry, "compared_total") == {("r1-r3", "stable"): 0, ("r1-r3", "candidate"): 0}
