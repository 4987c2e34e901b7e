"""Every task that the server has can be compared, by what its own models answer."""

from pathlib import Path
from typing import Any

import pytest

from modelyard_server.model import load_model
from modelyard_server.settings import Settings
from modelyard_server.shadow.compare import COMPARERS, Difference
from modelyard_server.shadow.digest import Digest, differences, digest
from modelyard_server.tasks import TASKS
from tests.server.models import text_model
from tests.server.task_models import TASKS as MODELS


def test_every_task_has_a_comparer() -> None:
    assert set(COMPARERS) == set(TASKS)


@pytest.mark.parametrize("task", sorted(TASKS))
def test_a_model_agrees_with_itself(task: str, tmp_path: Path) -> None:
    model = load_model(Settings(model_dir=MODELS[task](tmp_path), task=task))
    comparer = COMPARERS[task](model.artifact)
    answers = model.run(model.task.warm_up())
    mine = digest(comparer, answers)

    found = differences(comparer, mine, Digest.unpack(mine.pack()))

    assert len(found) == min(len(answers), 32)
    assert not any(difference.disagreed or difference.flips for difference in found)
    assert all(shift == 0 for difference in found for shift in difference.shifts.values())


def comparison(task: str, directory: Path, stable: Any, candidate: Any) -> Difference:
    model = load_model(Settings(model_dir=directory, task=task))
    comparer = COMPARERS[task](model.artifact)
    return comparer.compare(comparer.sketch(stable, 256), comparer.sketch(candidate, 256))


def scores(**labels: float) -> list[dict[str, Any]]:
    return [{"label": label, "score": score} for label, score in labels.items()]


@pytest.mark.parametrize(
    ("kind", "disagreed"),
    [("single_label_classification", False), ("multi_label_classification", True), ("regression", True)],
)
def test_the_artifact_says_how_labels_are_meant(kind: str, disagreed: bool, tmp_path: Path) -> None:
    directory = text_model(tmp_path, labels=["a", "b", "c"], problem_type=kind)
    found = comparison("text-classification", directory, scores(a=0.9, b=0.6), scores(a=0.9, b=0.2))
    assert found.disagreed is disagreed


def test_a_table_has_classes_or_values_or_names(tmp_path: Path) -> None:
    directory = MODELS["tabular"](tmp_path)

    def compared(stable: Any, candidate: Any) -> Difference:
        return comparison("tabular", directory, stable, candidate)

    assert compared(scores(a=0.9, b=0.1), scores(b=0.6, a=0.4)).flips == (("a", "b"),)
    assert not compared({"value": 10.0}, {"value": 10.4}).disagreed
    assert compared({"value": [1.0, 10.0]}, {"value": [2.0, 10.0]}).disagreed
    assert compared({"label": "a"}, {"label": "b"}).flips == (("a", "b"),)
    assert compared(scores(a=0.9), {"value": 1.0}).disagreed
