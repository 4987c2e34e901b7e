from pathlib import Path

import pytest

from modelyard_server.model import load_model
from modelyard_server.settings import Settings
from modelyard_server.tasks import Task
from modelyard_server.tuning.samples import SamplesError, read_samples
from tests.server.models import linear_model, text_model


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return load_model(Settings(model_dir=text_model(tmp_path / "model"))).task


def test_the_documentation_has_items_for_every_task(task: Task, tmp_path: Path) -> None:
    assert all(isinstance(item.value, str) for item in read_samples(task, None))
    tensors = load_model(Settings(model_dir=linear_model(tmp_path / "tensors")))
    assert tensors.run(read_samples(tensors.task, None))


def test_files_of_each_kind(task: Task, tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    folder.mkdir()
    (folder / "a.txt").write_text("good film\n\nbad film\n")
    (folder / "b.json").write_text('{"text": ["great", "boring"]}')
    (folder / "c.jsonl").write_text('{"text": ["awesome"]}\n{"text": ["warm"]}\n')

    values = [item.value for item in read_samples(task, folder)]
    assert values == ["good film", "bad film", "great", "boring", "awesome", "warm"]
    assert len(read_samples(task, folder, most=3)) == 3


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.json", '{"texts": ["a"]}', "the task refuses it"),
        ("x.jsonl", '{"text": ["a"]}\n{"text": 3}', "line 2"),
        ("x.txt", "\n\n", "nothing in it"),
        ("gone.json", None, "No such file"),
    ],
)
def test_what_can_not_be_used_is_said(
    task: Task, tmp_path: Path, name: str, content: str | None, words: str
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(SamplesError, match=words):
        read_samples(task, tmp_path / name)
