"""A real API server takes the snippets of pages: types, bounds, rules between fields."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from modelyard_operator.api.base import API_VERSION
from modelyard_operator.api.crd import crd
from modelyard_operator.api.deployment import KIND, PLURAL
from tests.control_plane import ControlPlane, wait_until
from tests.docs.pages import PAGES, text
from tests.docs.snippets import documents, file_name, snippets, whole

pytestmark = pytest.mark.integration

COLLECTION = f"/apis/{API_VERSION}/namespaces/default/{PLURAL}"

SNIPPETS = [
    (f"{page}:{where}", whole(document))
    for page in PAGES
    for where, snippet in snippets(text(page))
    if file_name(snippet) is None
    for document in documents(snippet)
]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of an API server that has the CRD."""
    folder: Path = tmp_path_factory.mktemp("control-plane")
    plane = ControlPlane(folder)
    try:
        plane.start()
        applied = plane.kubectl("apply", "--server-side", "-f", "-", stdin=crd())
        assert applied.returncode == 0, applied.stderr
        with plane.client() as client:
            wait_until(lambda: client.get(COLLECTION).status_code == 200, "the CRD")
            yield client
    finally:
        plane.stop()


def dry_run(api: httpx.Client, document: dict[str, Any]) -> httpx.Response:
    document["metadata"].pop("namespace", None)
    return api.post(COLLECTION, params={"dryRun": "All", "fieldValidation": "Strict"}, json=document)


def test_every_snippet_is_taken(api: httpx.Client) -> None:
    mine = [(where, document) for where, document in SNIPPETS if document["kind"] == KIND]
    answers = {where: dry_run(api, document) for where, document in mine}
    refused = {where: answer.json()["message"] for where, answer in answers.items() if answer.is_error}

    assert refused == {}
    assert len(mine) > 30


def test_fields_that_do_not_go_together_are_refused(api: httpx.Client) -> None:
    answer = dry_run(api, whole({"cache": {"managed": {}, "external": {"secretRef": {"name": "a"}}}}))

    assert answer.status_code == 422
    assert "either managed or external" in answer.json()["message"]
