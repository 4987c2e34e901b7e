from typing import Any

import pytest

from modelyard_server.artifact.infer import PRODUCER, Facts, infer_task
from modelyard_server.artifact.manifest import Manifest


@pytest.mark.parametrize(
    ("config", "task"),
    [
        ({"architectures": ["XForSequenceClassification"]}, "text-classification"),
        ({"architectures": ["BertModel"]}, None),
        ({"architectures": "odd"}, None),
        ({}, None),
    ],
)
def test_before_the_model_is_there(config: dict[str, Any], task: str | None) -> None:
    assert infer_task(Facts(["model.onnx"], config)) == task


def test_what_is_of_no_other_task_is_tensors() -> None:
    assert infer_task(Facts(["model.onnx"], metadata={})) == "tensor"


@pytest.mark.parametrize(
    ("names", "manifest", "producer", "task"),
    [
        (["modules.json", "1_Pooling/config.json", "onnx/model.onnx"], {}, None, "text-embedding"),
        (["modules.json", "onnx/model.onnx"], {}, None, None),
        (["model.onnx"], {"embedding": {"pooling": "cls"}}, None, "text-embedding"),
        (["model.onnx"], {"tabular": {"missing": True}}, None, "tabular"),
        (["model.onnx"], {}, "skl2onnx", "tabular"),
        (["model.onnx"], {}, "OnnxMLTools", "tabular"),
        (["model.onnx"], {}, "pytorch", "tensor"),
    ],
)
def test_vectors_and_tables(
    names: list[str], manifest: dict[str, Any], producer: str | None, task: str | None
) -> None:
    metadata = None if producer is None else {PRODUCER: producer}
    facts = Facts(names, metadata=metadata, manifest=Manifest.model_validate(manifest))

    assert infer_task(facts) == task
