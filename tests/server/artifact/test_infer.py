from typing import Any

import pytest

from modelyard_server.artifact.infer import Facts, infer_task


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
