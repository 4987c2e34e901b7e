"""The operator's and the server's idea of each other is one and the same file."""

from pathlib import Path

import modelyard_operator.contract
import modelyard_server.contract
from modelyard_operator.api.model import Task
from modelyard_operator.api.server import Engine
from modelyard_server.artifact.onnx_files import AUTO
from modelyard_server.engines import ENGINES
from modelyard_server.tasks import TASKS


def test_both_sides_hold_the_same_contract() -> None:
    ours = Path(modelyard_operator.contract.__file__).read_text()
    theirs = Path(modelyard_server.contract.__file__).read_text()
    assert ours == theirs


def test_the_resource_names_the_tasks_that_the_server_has() -> None:
    assert {task.value for task in Task} == set(TASKS)


def test_the_resource_names_the_engines_that_the_server_has() -> None:
    assert {engine.value for engine in Engine} == {AUTO, *ENGINES}
