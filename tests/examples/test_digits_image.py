import json

import httpx
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from modelyard_server.model import load_model
from modelyard_server.settings import Settings
from tests.examples.loading import DIGITS_IMAGE, card_module, module
from tests.server.conftest import served
from tests.server.invariance import assert_batch_invariant, same_labels

METRICS = json.loads((DIGITS_IMAGE / "metrics.json").read_text())


def held_out(kind: str, count: int) -> tuple[list[bytes], list[str]]:
    """Files of digits that the model has not learned from, drawn by a seed of the test's own."""
    pictures = module("digits-image", "pictures")
    digits = load_digits()
    _, rows, _, labels = train_test_split(
        digits.data, digits.target, test_size=450, random_state=METRICS["seed"], stratify=digits.target
    )
    rng = np.random.default_rng(3)
    files = [pictures.encoded(pictures.draw(row, rng), kind) for row in rows[:count]]
    return files, [str(label) for label in labels[:count]]


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
async def test_reads_digits_that_it_has_not_learned_from(kind: str) -> None:
    files, labels = held_out(kind, 200)
    found: list[str] = []
    async with served(DIGITS_IMAGE) as client:
        for start in range(0, len(files), 20):
            form = [("image", ("digit", file)) for file in files[start : start + 20]]
            answer = await client.post("/predict", files=form)
            assert answer.status_code == httpx.codes.OK, answer.text
            found += [entry[0]["label"] for entry in answer.json()["predictions"]]

    right = np.mean([one == other for one, other in zip(found, labels, strict=True)])
    assert right >= METRICS["accuracy"][f"this model, {kind}"]["low"] - 0.01


def test_answers_do_not_depend_on_the_batch() -> None:
    files, _ = held_out("PNG", 70)

    assert_batch_invariant(load_model(Settings(model_dir=DIGITS_IMAGE)), files, same_labels)


def test_card_says_what_was_measured() -> None:
    assert (DIGITS_IMAGE / "README.md").read_text() == card_module("digits-image").render(METRICS)
    assert METRICS["accuracy"]["this model, JPEG"]["low"] >= 0.97
