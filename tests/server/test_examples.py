"""The example models, served as they are in the repository."""

from pathlib import Path

import pytest

from modelyard_server.model import load_model
from modelyard_server.settings import Settings
from tests.server.conftest import Serve
from tests.server.invariance import assert_batch_invariant, same_labels

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
