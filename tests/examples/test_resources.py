import re

import pytest
import yaml

from tests.examples.loading import EXAMPLES

UNCOMMITTED = {"plates"}
"""Made by a make target, never in the repository."""

ARTIFACTS = {
    path.parent.name: path for path in sorted(EXAMPLES.glob("*/model")) if path.parent.name not in UNCOMMITTED
}

ARTIFACT_LIMIT = 45e6
"""Bytes of all the examples' artifacts: they travel with every clone."""


@pytest.mark.parametrize(("name", "artifact"), ARTIFACTS.items(), ids=ARTIFACTS)
def test_resource_serves_the_artifact_of_its_name(name, artifact) -> None:
    resource = yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text())

    assert (resource["apiVersion"], resource["kind"]) == ("modelyard.dev/v1alpha1", "ModelDeployment")
    assert resource["metadata"]["name"] == name
    assert resource["spec"]["model"]["uri"] == f"s3://models/{name}"
    assert list(artifact.rglob("*.onnx"))


def test_artifacts_stay_small() -> None:
    files = [file for artifact in ARTIFACTS.values() for file in artifact.rglob("*") if file.is_file()]

    assert sum(file.stat().st_size for file in files) <= ARTIFACT_LIMIT


@pytest.mark.parametrize(
    "lock", sorted(EXAMPLES.glob("*/requirements.lock")), ids=lambda path: path.parent.name
)
def test_requirements_are_pinned_by_hash_and_name_no_index(lock) -> None:
    text = lock.read_text()

    pinned = re.findall(r"^[a-z0-9._-]+(?:\[.*\])?==", text, re.MULTILINE | re.IGNORECASE)
    assert pinned
    assert text.count("--hash=sha256:") >= len(pinned)
    assert "://" not in text
