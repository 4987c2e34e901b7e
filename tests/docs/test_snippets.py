"""Every snippet of YAML in a page is what the product takes."""

import json
from typing import Any

import jsonschema_rs
import pytest
import yaml

from modelyard_operator.api.approval import ModelApproval, ModelApprovalSpec
from modelyard_operator.api.base import GROUP
from modelyard_operator.api.deployment import ModelDeployment
from modelyard_operator.api.openapi import structural
from tests.docs.pages import PAGES, text
from tests.docs.pages import ROOT as REPOSITORY
from tests.docs.snippets import ROOT, NoPlaceError, documents, file_name, place, snippets, unknown, whole

SNIPPETS = {f"{page}:{where}": snippet for page in PAGES for where, snippet in snippets(text(page))}
APPROVAL = {
    **ROOT,
    "properties": {**ROOT["properties"], "spec": structural(ModelApprovalSpec, defaults=False)},
}
RESOURCES = {"ModelDeployment": (ModelDeployment, ROOT), "ModelApproval": (ModelApproval, APPROVAL)}


def check(document: Any) -> None:
    """Raise where a document is not one that the API server takes."""
    document = whole(document)
    assert {"apiVersion", "kind"} <= set(document)
    if not document["apiVersion"].startswith(f"{GROUP}/"):
        return
    model, schema = RESOURCES[document["kind"]]
    assert unknown(document, schema) == []
    model.model_validate(document)


@pytest.mark.parametrize("where", SNIPPETS)
def test_a_snippet_is_valid(where: str) -> None:
    snippet = SNIPPETS[where]
    if (name := file_name(snippet)) is None:
        for document in documents(snippet):
            check(document)
    elif name.endswith("values.yaml"):
        schema = json.loads((REPOSITORY / "charts/modelyard/values.schema.json").read_text())
        errors = jsonschema_rs.validator_for(schema).iter_errors(yaml.safe_load(snippet) or {})
        assert [error.message for error in errors] == []
    else:
        assert list(documents(snippet))


@pytest.mark.parametrize(
    ("snippet", "path"),
    [
        ("spec: {cache: {managed: {}}}", ()),
        ("metadata: {name: a}", ()),
        ("cache: {managed: {}}", ("spec",)),
        ("steps: [{weight: 10}]", ("spec", "rollout")),
        ("{shadow: {percent: 5, for: 1m}}", ("spec", "rollout", "steps", "[]")),
        ("- {weight: 10, for: 1m}\n- approval: {}", ("spec", "rollout", "steps")),
        ("- slack: {secretRef: {name: a}}", ("spec", "notifications")),
    ],
)
def test_a_part_is_laid_where_its_keys_are(snippet: str, path: tuple[str, ...]) -> None:
    assert place(yaml.safe_load(snippet)) == path


@pytest.mark.parametrize("snippet", ["spec: {cache: {manged: {}}}", "rollout: {steps: [{weigth: 10}]}"])
def test_a_word_that_is_not_known_is_found(snippet: str) -> None:
    with pytest.raises(AssertionError):
        check(yaml.safe_load(snippet))


def test_a_key_without_a_place_is_found() -> None:
    with pytest.raises(NoPlaceError, match="replicas"):
        check({"replicas": 3})


@pytest.mark.parametrize(
    "snippet", ["scaling: {minReplicas: many}", "steps: [{weight: 101}]", "cache: {ttlSeconds: 0}"]
)
def test_a_value_that_is_refused_is_found(snippet: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        check(yaml.safe_load(snippet))


def test_there_are_snippets() -> None:
    assert len(SNIPPETS) > 40
    assert any("kind: ModelDeployment" in text for where, text in SNIPPETS.items() if "yolo" in where)
