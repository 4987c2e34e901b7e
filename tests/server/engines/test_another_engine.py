"""An engine is one new file and one line: the reference engine, which nothing in the server knows."""

import json
from pathlib import Path

import pytest

from modelyard_server.artifact.describe import describe
from modelyard_server.engines import ENGINES, EngineKind
from modelyard_server.engines.choice import forms
from modelyard_server.model import load_model
from modelyard_server.report import SourceError
from modelyard_server.settings import Settings
from modelyard_server.tasks import Item
from modelyard_server.tuning.probe import Job, run
from tests.server.invariance import assert_batch_invariant, same_labels
from tests.server.models import text_model

TEXTS = ["what a great film", "boring", "the film was bad", "awesome"] * 9


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = EngineKind("tests.server.engines.reference_engine", "onnx", (".onnx",))
    monkeypatch.setitem(ENGINES, "reference", kind)


@pytest.mark.usefixtures("line")
def test_it_is_served_by_name_with_the_same_answers(tmp_path: Path) -> None:
    directory = text_model(tmp_path)
    ours = load_model(Settings(model_dir=directory))
    model = load_model(Settings(model_dir=directory, engine="reference"))
    assert model.engine_name == "reference"
    assert ours.engine_name == "onnxruntime"
    for one, other in zip(model.run(_items()), ours.run(_items()), strict=True):
        assert same_labels(json.loads(one.fragment), json.loads(other.fragment))
    assert_batch_invariant(model, TEXTS, same_labels)


@pytest.mark.usefixtures("line")
def test_it_is_measured_with_the_others(tmp_path: Path) -> None:
    directory = text_model(tmp_path)
    assert [form.engine for form in forms(describe(directory))] == ["onnxruntime", "openvino", "reference"]
    job = Job(engine="reference", file="model.onnx", threads=1, batches=(1, 4), seconds=0.01)
    result = run(job, Settings(model_dir=directory))
    assert result.error == ""
    assert result.items_per_second.keys() == {1, 4}


def test_without_the_line_it_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no engine 'reference'; there is auto, onnxruntime"):
        load_model(Settings(model_dir=text_model(tmp_path), engine="reference"))


def _items() -> list[Item]:
    return [Item(text) for text in TEXTS]
