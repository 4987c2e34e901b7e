"""What a shell cannot honour is told, and nothing else."""

from pathlib import Path
from typing import Any

import pytest

from modelyard_cli.serving.differences import ABSENT, differences
from modelyard_operator.api.deployment import ModelDeploymentSpec
from tests.cli.serving.deployments import wanted

MANAGED: dict[str, Any] = {"cache": {"managed": {}}}
STORE = {"model": {"uri": "s3://models/a", "secretRef": {"name": "store"}}}


def test_what_is_left_out_is_not_told(tmp_path: Path) -> None:
    assert differences(wanted(tmp_path), {}, None) == []


@pytest.mark.parametrize(
    ("spec", "secrets", "redis", "fields"),
    [
        ({"scaling": {"maxReplicas": 3}, "rollout": {}}, (), None, ["spec.scaling", "spec.rollout"]),
        ({"server": {"resources": {}, "threads": 2}}, (), None, ["spec.server.resources"]),
        (MANAGED, (), None, ["spec.cache.managed"]),
        (MANAGED, (), "redis://127.0.0.1", []),
        (STORE, (), None, ["spec.model.secretRef"]),
        (STORE, ("store",), None, []),
        (
            {"server": {"log": {"sink": "file", "path": "/var/log/modelyard/requests.ndjson"}}},
            (),
            None,
            ["spec.server.log.path"],
        ),
        ({"server": {"log": {"sink": "stdout"}}}, (), None, []),
    ],
)
def test_what_is_asked_for_and_not_given(
    tmp_path: Path, spec: dict[str, Any], secrets: tuple[str, ...], redis: str | None, fields: list[str]
) -> None:
    told = differences(wanted(tmp_path, **spec), secrets, redis)
    assert [line.partition(": ")[0] for line in told] == fields


def test_every_field_that_is_named_is_one_of_the_resource() -> None:
    schema = ModelDeploymentSpec.model_json_schema(by_alias=True)
    server = schema["$defs"]["ServerSpec"]["properties"]
    for field in ABSENT:
        section, _, key = field.partition(".")
        assert section in schema["properties"]
        assert not key or key in server
