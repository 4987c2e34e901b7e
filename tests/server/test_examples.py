"""The example models, served as they are in the repository."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from modelyard_server.model import load_model
from modelyard_server.settings import Settings
from tests.server.conftest import Serve
from tests.server.invariance import assert_batch_invariant, same_labels, same_vector

EXAMPLES = Path(__file__).parents[2] / "examples"
REVIEWS = [
    "Welcome to the project!",
    "You are awesome",
    "what a boring film",
    "a film so slow that paint dries faster",
    "one of the year's best, funny and moving",
    "neither here nor there",
    "the plot makes no sense but the dialogue sparkles " * 20,
    "bad",
] * 5


async def test_the_sentiment_model_answers(serve: Serve) -> None:
    async with serve(EXAMPLES / "sentiment" / "model") as client:
        response = await client.predict({"text": REVIEWS[:3]})

    assert response.status_code == 200, response.text
    first, second, third = response.json()["predictions"]
    assert second[0]["label"] == first[0]["label"] != third[0]["label"]
    assert len(third) == 2


def test_the_sentiment_models_answers_do_not_depend_on_the_batch() -> None:
    model = load_model(Settings(model_dir=EXAMPLES / "sentiment" / "model"))

    assert_batch_invariant(model, REVIEWS, same_labels)


async def test_the_digits_model_answers(serve: Serve) -> None:
    images = [[0.0] * 64, [float(index % 17) for index in range(64)]]
    async with serve(EXAMPLES / "digits" / "model") as client:
        response = await client.predict({"instances": images})

    assert response.status_code == 200, response.text
    for entry in response.json()["predictions"]:
        assert sum(entry["probabilities"]) == pytest.approx(1, abs=1e-4)
        assert entry["probabilities"][entry["label"]] == max(entry["probabilities"])


async def test_the_embedding_model_gives_the_vectors_of_sentence_transformers(serve: Serve) -> None:
    reference = json.loads((EXAMPLES / "embedding/reference.json").read_text())
    async with serve(EXAMPLES / "embedding" / "model") as client:
        response = await client.predict({"text": [entry["text"] for entry in reference]})

    assert response.status_code == 200, response.text
    assert response.headers["x-modelyard-truncated"] == str(len(reference) - 1)
    vectors = np.array(response.json()["predictions"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    # Its weights are stored in 8 and 4 bits; the float32 form's cosines are 1 (see the model card).
    cosines = (vectors * [entry["vector"] for entry in reference]).sum(axis=1)
    assert cosines.min() >= 0.99


def test_the_embedding_models_answers_do_not_depend_on_the_batch() -> None:
    model = load_model(Settings(model_dir=EXAMPLES / "embedding" / "model"))

    assert_batch_invariant(model, REVIEWS, same_vector)


async def test_the_tabular_model_is_as_right_as_its_card_says(serve: Serve) -> None:
    directory = EXAMPLES / "tabular" / "model"
    metrics = json.loads((directory / "metrics.json").read_text())
    data = load_breast_cancer()
    _, rows, _, classes = train_test_split(
        data.data,
        data.target,
        test_size=metrics["held_out"],
        random_state=metrics["seed"],
        stratify=data.target,
    )
    async with serve(directory) as client:
        response = await client.predict({"rows": rows.tolist()})

    assert response.status_code == 200, response.text
    answers = [entry[0]["label"] for entry in response.json()["predictions"]]
    right = np.array(answers) == data.target_names[classes]
    assert round(float(right.mean()), 4) == metrics["methods"]["this model"]["accuracy"]["share"]
