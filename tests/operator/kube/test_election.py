"""Who may lead."""

from datetime import UTC, datetime, timedelta

from modelyard_operator.kube.election import Election

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_takes_a_lease_that_does_not_exist() -> None:
    spec = Election("me", 15).bid(None, 0, NOW)
    assert spec is not None
    assert spec["holderIdentity"] == "me"
    assert spec["leaseDurationSeconds"] == 15
    assert spec["leaseTransitions"] == 0
    assert spec["acquireTime"] == spec["renewTime"] == "2026-01-01T00:00:00.000000Z"


def test_renews_its_own() -> None:
    election = Election("me", 15)
    first = election.bid(None, 0, NOW)
    second = election.bid(first, 2, NOW + timedelta(seconds=2))
    assert first is not None
    assert second == first | {"renewTime": "2026-01-01T00:00:02.000000Z"}


def test_waits_until_the_holder_was_silent_for_its_whole_duration() -> None:
    """By the observer's own clock: the holder's stamps may come from a clock that is wrong."""
    other = Election("other", 10).bid(None, 0, NOW - timedelta(days=1))
    election = Election("me", 15)
    assert election.bid(other, 100, NOW) is None
    assert election.bid(other, 109.9, NOW) is None
    taken = election.bid(other, 110, NOW)
    assert taken is not None
    assert taken["holderIdentity"] == "me"
    assert taken["leaseTransitions"] == 1


def test_a_renewal_begins_the_wait_anew() -> None:
    holder = Election("other", 10)
    spec = holder.bid(None, 0, NOW)
    election = Election("me", 15)
    assert election.bid(spec, 100, NOW) is None
    spec = holder.bid(spec, 5, NOW + timedelta(seconds=5))
    assert election.bid(spec, 109, NOW) is None
    assert election.bid(spec, 118, NOW) is None
    assert election.bid(spec, 119, NOW) is not None


def test_takes_a_freed_lease_at_once() -> None:
    holder = Election("other", 10)
    spec = holder.bid(None, 0, NOW)
    assert spec is not None
    freed = holder.released(spec, NOW)
    assert Election("me", 15).bid(freed, 0, NOW) is not None


def test_bears_a_lease_with_nothing_in_it() -> None:
    assert Election("me", 15).bid({}, 0, NOW) is not None
