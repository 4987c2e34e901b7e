"""How items of other protocols become those of a task."""

from typing import Any

import pytest

from modelyard_server.routes.items import FORMS, plain_entries
from modelyard_server.tasks import TASKS
from modelyard_server.tasks.base import Answer


def test_every_task_takes_them() -> None:
    assert set(TASKS) == set(FORMS)


@pytest.mark.parametrize(
    ("task", "item", "taken"),
    [
        ("image-classification", {"image_bytes": {"b64": "/9g="}}, "/9g="),
        ("object-detection", {"data": "/9g=", "target": 0}, "/9g="),
        ("image-classification", "https://example.org/a.png", "https://example.org/a.png"),
        ("tabular", {"features": [1, 2]}, [1, 2]),
        ("tabular", {"features": 1}, {"features": 1}),
        ("tabular", [1, "a"], [1, "a"]),
        ("tensor", {"data": [1]}, {"data": [1]}),
        ("text-embedding", {"unknown": "a"}, {"unknown": "a"}),
    ],
)
def test_an_item_in_its_wrappers(task: str, item: Any, taken: Any) -> None:
    assert FORMS[task].unwrap(item) == taken


@pytest.mark.parametrize(
    ("entry", "plain"),
    [
        (b'[{"label":"2","score":0.9},{"label":"1","score":0.1}]', b"[2]"),
        (b'[{"label":"setosa","score":0.9}]', b'["setosa"]'),
        (b'[{"label":"true","score":0.9}]', b'["true"]'),
        (b'{"value":0.5}', b"[0.5]"),
        (b'{"label":1,"scores":0.5}', b'[{"label":1,"scores":0.5}]'),
    ],
)
def test_a_table_answers_as_scikit_learn(entry: bytes, plain: bytes) -> None:
    assert plain_entries("tabular", [Answer(entry)]) == plain
