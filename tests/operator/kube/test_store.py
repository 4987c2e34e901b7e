"""The store's judgement of what is newer, whatever the order in which it hears."""

import pytest

from modelyard_operator.kube.objects import Key
from modelyard_operator.kube.store import Store
from tests.operator.kube.objects import owner_of, raw, version

A, B = Key("ns", "a"), Key("ns", "b")


@pytest.fixture
def changed() -> list[Key]:
    return []


@pytest.fixture
def store(changed: list[Key]) -> Store[int]:
    return Store(version, owner_of, changed.append)


def list_into(store: Store[int], *raws: dict[str, object]) -> int:
    listing = store.listing()
    listing.page(raws)
    listing.finish()
    return listing.differed


def test_keeps_the_newest_by_number(store: Store[int], changed: list[Key]) -> None:
    assert store.put(raw("x", 9))
    assert store.put(raw("x", 10))
    assert not store.put(raw("x", 9))
    assert not store.put(raw("x", 10))
    assert store.of(A) == {"x": 10}
    assert changed == [A, A]


def test_a_delete_older_than_what_is_held_is_dropped(store: Store[int]) -> None:
    store.put(raw("x", 20, uid="second"))
    assert not store.drop(raw("x", 15, uid="first"))
    assert store.of(A) == {"x": 20}


def test_a_late_answer_does_not_bring_a_deleted_object_back(store: Store[int]) -> None:
    store.put(raw("x", 10))
    store.drop(raw("x", 12))
    assert not store.put(raw("x", 11))
    assert store.of(A) == {}
    assert list(store.owners()) == []


def test_an_object_that_lost_its_label_may_get_it_again(store: Store[int]) -> None:
    store.put(raw("x", 10))
    store.drop(raw("x", 12))
    assert store.put(raw("x", 13))


def test_a_deleted_uid_never_returns(store: Store[int]) -> None:
    store.put(raw("x", 10))
    store.gone("ns", "x", "uid-x")
    assert not store.put(raw("x", 99))
    assert list_into(store, raw("x", 99)) == 0
    assert store.of(A) == {}
    assert store.put(raw("x", 100, uid="another"))


def test_gone_spares_an_object_of_another_uid(store: Store[int]) -> None:
    store.put(raw("x", 10, uid="second"))
    store.gone("ns", "x", "first")
    assert store.of(A) == {"x": 10}


def test_a_list_shows_lost_deletions_and_changes(store: Store[int], changed: list[Key]) -> None:
    store.put(raw("x", 10))
    store.put(raw("y", 11, owner="b"))
    changed.clear()
    assert list_into(store, raw("x", 12)) == 2
    assert store.of(A) == {"x": 12}
    assert store.of(B) == {}
    assert sorted(changed) == [A, B]


def test_an_equal_list_changes_nothing(store: Store[int], changed: list[Key]) -> None:
    store.put(raw("x", 10))
    changed.clear()
    assert list_into(store, raw("x", 10)) == 0
    assert changed == []


def test_what_was_written_since_the_list_began_is_kept(store: Store[int]) -> None:
    store.put(raw("x", 10))
    listing = store.listing()
    store.put(raw("x", 20))
    store.put(raw("new", 21))
    listing.page([raw("x", 10)])
    listing.finish()
    assert store.of(A) == {"x": 20, "new": 21}


def test_a_list_newer_than_a_write_wins(store: Store[int]) -> None:
    listing = store.listing()
    store.put(raw("x", 20))
    listing.page([raw("x", 30)])
    listing.finish()
    assert store.of(A) == {"x": 30}


def test_a_list_is_believed_after_etcd_was_restored(store: Store[int]) -> None:
    store.put(raw("x", 1000))
    store.put(raw("y", 1001))
    list_into(store, raw("x", 500))
    assert store.of(A) == {"x": 500}


def test_pages_are_one_list(store: Store[int]) -> None:
    store.put(raw("x", 10))
    listing = store.listing()
    listing.page([raw("y", 5)])
    assert store.of(A) == {"x": 10, "y": 5}
    listing.page([raw("z", 6)])
    listing.finish()
    assert store.of(A) == {"y": 5, "z": 6}


def test_an_object_moves_to_another_owner(store: Store[int], changed: list[Key]) -> None:
    store.put(raw("x", 10))
    store.put(raw("x", 11, owner="b"))
    assert store.of(A) == {}
    assert store.of(B) == {"x": 11}
    assert changed == [A, A, B]


def test_an_object_without_owner_is_not_kept(store: Store[int], changed: list[Key]) -> None:
    store.put(raw("x", 10, owner=""))
    assert len(store) == 0
    assert changed == []


def test_clear_tells_every_owner(store: Store[int], changed: list[Key]) -> None:
    store.put(raw("x", 10))
    store.put(raw("y", 11, owner="b"))
    changed.clear()
    store.clear()
    assert len(store) == 0
    assert sorted(changed) == [A, B]


def test_a_change_that_nobody_looks_at_is_kept_and_not_told(changed: list[Key]) -> None:
    store = Store(version, owner_of, changed.append, lambda before, after: before // 10 == after // 10)
    for number in (10, 11, 20, 21):
        store.put(raw("x", number))
    assert changed == [A, A]
    assert store.of(A) == {"x": 21}
    assert not store.put(raw("x", 20))
