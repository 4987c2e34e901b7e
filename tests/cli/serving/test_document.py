"""Which ModelDeployment a file holds, and what is wrong with it."""

from pathlib import Path
from typing import Any

import pytest

from modelyard_cli.errors import CliError
from modelyard_cli.serving.document import from_another_source, read
from tests.cli.serving.deployments import document, wanted, written

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}}


def test_other_kinds_are_passed_over(tmp_path: Path) -> None:
    found = read(written(tmp_path, SECRET, document()))
    assert (found.name, found.namespace, found.spec.model.uri) == (
        "sentiment",
        "default",
        "s3://models/sentiment",
    )


def test_one_of_several_is_named(tmp_path: Path) -> None:
    file = written(tmp_path, document("one"), document("two"))
    assert read(file, "two").name == "two"


@pytest.mark.parametrize(
    ("documents", "name", "words"),
    [
        ([SECRET], None, "holds no ModelDeployment: there is Secret keys"),
        ([document("one"), document("two")], None, "say which with --name: one, two"),
        ([document("one")], "two", "holds no ModelDeployment two: there is one"),
        ([document(cache={"ttlSecond": 5})], None, "spec.cache.ttlSecond"),
        ([document(server={"threads": "many"})], None, "spec.server.threads"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, documents: list[dict[str, Any]], name: str | None, words: str
) -> None:
    with pytest.raises(CliError, match=words):
        read(written(tmp_path, *documents), name)


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("modelyard.dev/v1", "ModelDeployment"),
        ("v1alpha1", "ModelDeployment"),
        ("modelyard.example/v1alpha1", "ModelDeployment"),
        ("modelyard.dev/v1alpha1", "ModelDeployments"),
        ("modelyard.dev/v1", "ModelApproval"),
    ],
)
def test_what_no_cluster_would_take_is_refused_by_its_name(tmp_path: Path, version: str, kind: str) -> None:
    other = {**document("other"), "apiVersion": version, "kind": kind}
    words = (
        rf"{kind} other \(.*, document 2\): Modelyard has no {kind} of {version}: "
        "write apiVersion: modelyard.dev/v1alpha1 and kind: ModelDeployment"
    )
    with pytest.raises(CliError, match=words):
        read(written(tmp_path, document(), other), "sentiment")


def test_approvals_are_passed_over(tmp_path: Path) -> None:
    approval = {**document("yes"), "kind": "ModelApproval"}
    assert read(written(tmp_path, approval, document())).name == "sentiment"


def test_a_folder_in_place_of_the_source_takes_no_secret(tmp_path: Path) -> None:
    model = {"uri": "s3://models/sentiment", "secretRef": {"name": "store"}, "variant": "int8"}
    found = from_another_source(wanted(tmp_path, model=model), str(tmp_path)).spec.model
    assert (found.uri, found.secret_ref, found.variant) == (tmp_path.as_uri(), None, "int8")


def test_another_uri_keeps_the_secret(tmp_path: Path) -> None:
    model = {"uri": "s3://models/sentiment", "secretRef": {"name": "store"}}
    found = from_another_source(wanted(tmp_path, model=model), "s3://models/other").spec.model
    assert found.uri == "s3://models/other"
    assert found.secret_ref is not None
