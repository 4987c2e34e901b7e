import orjson
import pytest

from modelyard_server.shadow.compare import Comparer, tensors
from modelyard_server.shadow.digest import (
    MAX_ANSWER_BYTES,
    MAX_DIGEST_BYTES,
    MAX_ITEMS,
    Digest,
    differences,
    digest,
)
from modelyard_server.shadow.dropped import Dropped, DroppedError
from modelyard_server.tasks.base import Answer

COMPARER = Comparer(tensors.KIND, tensors.sketch, tensors.compare)


def answers(*values: object) -> list[Answer]:
    return [Answer(orjson.dumps({"y": value})) for value in values]


def reason(call: object) -> Dropped:
    with pytest.raises(DroppedError) as dropped:
        call()  # type: ignore[operator]
    return dropped.value.reason


def test_it_survives_the_way() -> None:
    made = digest(COMPARER, answers([1.0, 2.0], [3.0, None]))
    assert Digest.unpack(made.pack()) == made


def test_it_stays_small_whatever_is_answered() -> None:
    many = digest(COMPARER, answers(*[[0.123456789] * 500] * MAX_ITEMS))
    assert len(many.pack()) < MAX_DIGEST_BYTES
    assert len(digest(COMPARER, answers(*range(MAX_ITEMS + 5))).items) == MAX_ITEMS
    large = Answer(b"[" + b"1," * (MAX_ANSWER_BYTES // 2) + b"1]")
    assert len(digest(COMPARER, [*answers(1), large]).items) == 1
    assert reason(lambda: digest(COMPARER, [large])) is Dropped.LARGE


@pytest.mark.parametrize(
    "left",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"version":2,"kind":"tensors","items":[]}',
        b'{"version":1,"kind":"tensors"}',
    ],
)
def test_what_another_server_left_may_be_anything(left: bytes) -> None:
    assert reason(lambda: Digest.unpack(left)) is Dropped.UNREADABLE


def test_sketches_of_another_form_are_no_error() -> None:
    mine = digest(COMPARER, answers(1))
    assert reason(lambda: differences(COMPARER, mine, Digest(tensors.KIND, ["?"]))) is Dropped.UNREADABLE
    assert reason(lambda: differences(COMPARER, mine, Digest(tensors.KIND, [{}]))) is Dropped.UNREADABLE


def test_models_of_two_kinds_disagree() -> None:
    [found] = differences(COMPARER, digest(COMPARER, answers(1)), Digest("classes", [[["a", 1]]]))
    assert found.disagreed
