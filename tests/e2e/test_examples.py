"""The other examples: applied as they are, and asked."""

import base64
import sys

import httpx
import numpy as np
import pytest
import yaml
from sklearn.datasets import load_digits, load_sample_image

from demo.shell import ROOT
from tests.e2e.cluster import Namespace
from tests.examples.loading import module

pytestmark = pytest.mark.e2e


async def test_embedding_answers_with_vectors(namespace: Namespace) -> None:
    namespace.apply(yaml.safe_load((ROOT / "examples/embedding.yaml").read_text()))
    await namespace.ready("embedding")

    texts = ["How do I reset my password?", "I can not log in any more", "The recipe needs two eggs"]
    answer = httpx.post(f"{await namespace.url('embedding')}/predict", json={"text": texts}, timeout=30)
    assert answer.status_code == 200, answer.text
    first, second, third = answer.json()["predictions"]
    assert len(first) == len(second) == len(third) == 384
    likeness = [sum(a * b for a, b in zip(first, other, strict=True)) for other in (first, second, third)]
    assert likeness[0] == pytest.approx(1, abs=1e-5)
    assert likeness[1] > likeness[2]
    await task_is(namespace, "embedding", "text-embedding")


async def test_tabular_answers_with_classes(namespace: Namespace) -> None:
    namespace.apply(yaml.safe_load((ROOT / "examples/tabular.yaml").read_text()))
    await namespace.ready("tabular")

    url = await namespace.url("tabular")
    operation = httpx.get(f"{url}/openapi.json", timeout=30).json()["paths"]["/predict"]["post"]
    example = operation["requestBody"]["content"]["application/json"]["examples"]["rows"]["value"]
    answer = httpx.post(f"{url}/predict", json=example, timeout=30)
    assert answer.status_code == 200, answer.text
    [entries] = answer.json()["predictions"]
    assert {entry["label"] for entry in entries} == {"malignant", "benign"}
    assert sum(entry["score"] for entry in entries) == pytest.approx(1, abs=1e-3)
    await task_is(namespace, "tabular", "tabular")


async def test_digits_image_reads_uploads_and_base64(namespace: Namespace) -> None:
    namespace.apply(yaml.safe_load((ROOT / "examples/digits-image.yaml").read_text()))
    await namespace.ready("digits-image")

    pictures = module("digits-image", "pictures")
    digits = load_digits()
    files = [
        pictures.encoded(pictures.draw(digits.data[index], np.random.default_rng(index)), "JPEG")
        for index in range(10)
    ]
    await assert_labels(namespace, "digits-image", files, [str(digits.target[index]) for index in range(10)])
    await task_is(namespace, "digits-image", "image-classification")


async def test_signs_reads_uploads_and_base64(namespace: Namespace, monkeypatch: pytest.MonkeyPatch) -> None:
    namespace.apply(yaml.safe_load((ROOT / "examples/signs.yaml").read_text()))
    await namespace.ready("signs")

    monkeypatch.setitem(sys.modules, "signs", module("signs", "signs"))
    pictures = module("signs", "pictures")
    photograph, easy = load_sample_image("china.jpg"), pictures.Conditions(10, 0.05, 0.8, 0.9, 0.3, 3, 0, 90)
    labels = ["stop", "yield", "no entry", "priority road"]
    files = [
        pictures.picture(label, photograph, np.random.default_rng(index), easy, side=256)
        for index, label in enumerate(labels)
    ]
    await assert_labels(namespace, "signs", files, labels)
    await task_is(namespace, "signs", "image-classification")


async def task_is(namespace: Namespace, name: str, task: str) -> None:
    """Status says what the model does, where need be once a pod has told it."""
    await namespace.until(
        f"{name} is of the task {task}",
        lambda: namespace.mdep(name)["status"]["model"].get("task") == task,
    )


async def assert_labels(namespace: Namespace, name: str, files: list[bytes], labels: list[str]) -> None:
    """Upload pictures as a form, then send the same as base64: the labels are right both times."""
    url = f"{await namespace.url(name)}/predict"
    uploaded = httpx.post(url, files=[("image", ("picture.jpg", file)) for file in files], timeout=30)
    written = httpx.post(url, json={"image": [base64.b64encode(file).decode() for file in files]}, timeout=30)
    for answer in (uploaded, written):
        assert answer.status_code == 200, answer.text
        assert [entry[0]["label"] for entry in answer.json()["predictions"]] == labels
