from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.batching.choice import BatchLimits, choose


@dataclass(frozen=True)
class Waiting:
    size: int = 1
    group: int = 0
    nbytes: int = 0


def texts(*sizes: int) -> list[Waiting]:
    return [Waiting(size) for size in sizes]


waiting = st.lists(
    st.builds(Waiting, st.integers(1, 512), st.integers(0, 1), st.integers(0, 10_000)),
    min_size=1,
    max_size=60,
)
limits = st.builds(BatchLimits, st.integers(1, 16), st.integers(64, 4096), st.integers(1000, 100_000))


@given(waiting, limits)
def test_a_batch_keeps_to_its_limits_and_holds_the_oldest(queue: list[Waiting], limits: BatchLimits) -> None:
    chosen = choose(queue, limits)

    assert chosen[0] == 0
    assert len(set(chosen)) == len(chosen) <= limits.items
    batch = [queue[index] for index in chosen]
    assert len({one.group for one in batch}) == 1
    if len(batch) > 1:
        padded = len(batch) * max(one.size for one in batch)
        assert padded <= limits.padded
        assert sum(one.nbytes for one in batch) <= limits.nbytes
        assert padded - sum(one.size for one in batch) <= max(32, 0.2 * padded)


@given(waiting, limits, st.data())
def test_nobody_starves(queue: list[Waiting], limits: BatchLimits, data: st.DataObject) -> None:
    """However the items that come later suit each other, N older items mean N batches of waiting at most."""
    left = list(enumerate(queue))
    batches: dict[int, int] = {}
    newest = len(queue)
    for number in range(len(queue)):
        chosen = set(choose([item for _, item in left], limits))
        batches.update({left[index][0]: number for index in chosen})
        left = [entry for index, entry in enumerate(left) if index not in chosen]
        for size in data.draw(st.lists(st.integers(1, 512), max_size=limits.items)):
            left.append((newest, Waiting(size)))
            newest += 1
        if not left:
            break

    for position in range(len(queue)):
        assert batches[position] <= position


@given(st.integers(1, 100), st.integers(1, 64))
def test_items_of_one_size_go_in_the_order_they_came(count: int, most: int) -> None:
    assert choose([Waiting()] * count, BatchLimits(most)) == list(range(min(count, most)))


def test_neighbours_in_size_join_and_others_wait() -> None:
    assert sorted(choose(texts(100, 5, 102, 500, 98, 6), BatchLimits(8))) == [0, 2, 4]
    assert sorted(choose(texts(5, 100, 6, 4), BatchLimits(8))) == [0, 2, 3]


def test_the_nearest_in_size_are_preferred() -> None:
    assert sorted(choose(texts(50, 60, 51, 40, 49), BatchLimits(3))) == [0, 2, 4]


def test_short_texts_share_a_batch_whatever_their_size() -> None:
    """A call of the engine costs more than a few tokens of padding."""
    assert len(choose(texts(3, 9, 5, 12, 7), BatchLimits(8))) == 5


def test_what_is_over_a_limit_by_itself_runs_alone() -> None:
    assert choose([Waiting(9999), Waiting(9999)], BatchLimits(8)) == [0]
    assert choose([Waiting(1, nbytes=10**9), Waiting(1)], BatchLimits(8)) == [0]


def test_large_pictures_make_small_batches() -> None:
    assert len(choose([Waiting(nbytes=5 * 2**20)] * 32, BatchLimits(32))) == 3
