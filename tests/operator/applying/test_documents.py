"""The objects of a file, and what is said of those that are none."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_operator.applying.command import load
from modelyard_operator.applying.documents import ApplyError, read

TWO = """
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
---
---
apiVersion: v1
kind: List
items:
- {apiVersion: modelyard.dev/v1alpha1, kind: ModelDeployment, metadata: {name: b, namespace: team}}
"""


def test_documents_and_the_items_of_lists_come_one_by_one() -> None:
    first, second = read(TWO, "two.yaml")
    assert (first.label, first.namespace, first.source) == ("ConfigMap a", None, "two.yaml, document 1")
    assert (second.label, second.namespace) == ("ModelDeployment b", "team")
    assert second.source == "two.yaml, document 2, item 1"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "it.yaml is no YAML"),
        ("just words", "it.yaml, document 1 is no object"),
        ("kind: A", "document 1 has no apiVersion"),
        ("{apiVersion: v1, kind: 3}", "document 1 has no kind"),
        ("{apiVersion: v1, kind: A, metadata: {}}", r"document 1 \(A\) has no metadata.name"),
        ("{apiVersion: v1, kind: A, metadata: {generateName: a-}}", "has no metadata.name"),
        ("{apiVersion: v1, kind: List, items: [1]}", "document 1, item 1 is no object"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, says: str) -> None:
    with pytest.raises(ApplyError, match=says):
        read(text, "it.yaml")


@given(st.text())
def test_any_text_gives_objects_or_words(text: str) -> None:
    try:
        found = read(text, "it")
    except ApplyError as error:
        assert str(error).startswith("it")
    else:
        assert all(each.name for each in found)


def test_a_folder_is_read_as_a_mounted_config_map_lies_there(tmp_path: Path) -> None:
    versions = tmp_path / "..2026"
    versions.mkdir()
    (versions / "two.yaml").write_text(TWO)
    (tmp_path / "..data").symlink_to(versions)
    (tmp_path / "two.yaml").symlink_to("..data/two.yaml")
    (tmp_path / "notes.txt").write_text("no: object")
    assert [each.name for each in load([str(tmp_path)])] == ["a", "b"]


def test_standard_input_is_a_file_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(TWO))
    assert [each.name for each in load(["-"])] == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "says"), [("missing.yaml", "can't be read"), ("empty.yaml", "nothing to apply")]
)
def test_a_file_that_gives_nothing_is_named(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    with pytest.raises(ApplyError, match=says):
        load([str(tmp_path / name)])
