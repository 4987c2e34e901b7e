"""The other examples: applied as they are, and asked."""

import httpx
import pytest
import yaml

from demo.shell import ROOT
from tests.e2e.cluster import Namespace

pytestmark = pytest.mark.e2e


async def test_embedding_answers_with_vectors(namespace: Namespace) -> None:
    namespace.apply(yaml.safe_load((ROOT / "examples/embedding.yaml").read_text()))
    resource = await namespace.ready("embedding")

    texts = ["How do I reset my password?", "I can not log in any more", "The recipe needs two eggs"]
    answer = httpx.post(f"{await namespace.url('embedding')}/predict", json={"text": texts}, timeout=30)
    assert answer.status_code == 200, answer.text
    first, second, third = answer.json()["predictions"]
    assert len(first) == len(second) == len(third) == 384
    likeness = [sum(a * b for a, b in zip(first, other, strict=True)) for other in (first, second, third)]
    assert likeness[0] == pytest.approx(1, abs=1e-5)
    assert likeness[1] > likeness[2]
    assert resource["status"]["model"]["task"] == "text-embedding"


async def test_tabular_answers_with_classes(namespace: Namespace) -> None:
    namespace.apply(yaml.safe_load((ROOT / "examples/tabular.yaml").read_text()))
    resource = await namespace.ready("tabular")

    url = await namespace.url("tabular")
    operation = httpx.get(f"{url}/openapi.json", timeout=30).json()["paths"]["/predict"]["post"]
    example = operation["requestBody"]["content"]["application/json"]["examples"]["rows"]["value"]
    answer = httpx.post(f"{url}/predict", json=example, timeout=30)
    assert answer.status_code == 200, answer.text
    [entries] = answer.json()["predictions"]
    assert {entry["label"] for entry in entries} == {"malignant", "benign"}
    assert sum(entry["score"] for entry in entries) == pytest.approx(1, abs=1e-3)
    assert resource["status"]["model"]["task"] == "tabular"
