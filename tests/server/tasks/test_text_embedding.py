"""Texts to vectors, through the server."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelyard_server.model import load_model
from modelyard_server.report import SourceError
from modelyard_server.settings import Settings
from tests.server.conftest import Serve
from tests.server.embedding_models import WIDTH, embedding_model, vectors
from tests.server.invariance import assert_batch_invariant, same_vector

TEXTS = ["good film", "what a boring film", "the"]
FULL = ["Transformer", "Pooling", "Normalize"]
MEAN = {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
PROMPTS = {"config_sentence_transformers.json": {"prompts": {"query": "the ", "document": ""}}}


async def embed(serve: Serve, directory: Path, path: str = "/predict", **settings: Any) -> Any:
    async with serve(directory, **settings) as client:
        response = await client.post(path, json={"text": TEXTS})
    assert response.status_code == 200, response.text
    return response.json()["predictions"]


def scaled(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


async def test_layers_of_sentence_transformers_are_followed(serve: Serve, tmp_path: Path) -> None:
    predictions = await embed(serve, embedding_model(tmp_path, FULL, MEAN))

    expected = [scaled(vectors(text).mean(axis=0)) for text in TEXTS]
    np.testing.assert_allclose(predictions, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"pooling_mode": "cls"}, lambda tokens: tokens[0]),
        ({"pooling_mode": ["cls", "max"]}, lambda tokens: np.concatenate([tokens[0], tokens.max(axis=0)])),
        ({"pooling_mode_lasttoken": True}, lambda tokens: tokens[-1]),
        ({}, lambda tokens: tokens.mean(axis=0)),
    ],
)
async def test_without_normalize_vectors_keep_their_length(
    serve: Serve, tmp_path: Path, config: dict[str, Any], expected: Any
) -> None:
    predictions = await embed(serve, embedding_model(tmp_path, FULL[:2], config))

    np.testing.assert_allclose(predictions, [expected(vectors(text)) for text in TEXTS], atol=1e-6)


async def test_modelyard_json_goes_before_the_files(serve: Serve, tmp_path: Path) -> None:
    section = {"embedding": {"pooling": "max", "normalize": False, "output": "last_hidden_state"}}
    directory = embedding_model(tmp_path, FULL, MEAN, pooled=True, files={"modelyard.json": section})

    predictions = await embed(serve, directory)

    np.testing.assert_allclose(predictions, [vectors(text).max(axis=0) for text in TEXTS], atol=1e-6)


async def test_vectors_that_the_model_pools_are_taken_as_they_are(serve: Serve, tmp_path: Path) -> None:
    directory = embedding_model(tmp_path, ["Transformer", "Pooling", "Dense", "Normalize"], pooled=True)
    async with serve(directory) as client:
        response = await client.predict({"text": TEXTS[:1]})

    expected = scaled(vectors(TEXTS[0]).mean(axis=0))
    np.testing.assert_allclose(response.json()["predictions"][0], expected, atol=1e-6)


async def test_without_a_list_of_layers_the_mean_is_assumed_and_said(serve: Serve, tmp_path: Path) -> None:
    directory = embedding_model(tmp_path)
    async with serve(directory, task="text-embedding") as client:
        response = await client.predict({"text": TEXTS})
        assumed = client.service.model.artifact.assumed

    expected = [vectors(text).mean(axis=0) for text in TEXTS]
    np.testing.assert_allclose(response.json()["predictions"], expected, atol=1e-6)
    assert any("embedding.pooling: mean" in entry for entry in assumed)
    assert any("embedding.normalize: false" in entry for entry in assumed)


async def test_padding_on_the_left_is_no_part_of_a_text(serve: Serve, tmp_path: Path) -> None:
    directory = embedding_model(tmp_path, FULL[:2], MEAN, tokenizer={"padding_side": "left"})

    predictions = await embed(serve, directory)

    np.testing.assert_allclose(predictions, [vectors(text).mean(axis=0) for text in TEXTS], atol=1e-6)


async def test_a_prompt_goes_before_each_text(serve: Serve, tmp_path: Path) -> None:
    directory = embedding_model(tmp_path, FULL[:2], MEAN, files=PROMPTS)
    async with serve(directory) as client:
        plain = await client.predict({"text": TEXTS})
        named = await client.post("/predict?prompt=query", json={"text": TEXTS})
        wrong = await client.post("/predict?prompt=passage", json={"text": TEXTS})
        other = await client.post("/predict?top_k=1", json={"text": TEXTS})

    np.testing.assert_allclose(
        named.json()["predictions"], [vectors(f"the {text}").mean(axis=0) for text in TEXTS], atol=1e-6
    )
    assert plain.json()["predictions"] != named.json()["predictions"]
    for response, name in ((wrong, "prompt"), (other, "top_k")):
        assert response.status_code == 422
        assert response.json()["detail"][0]["loc"] == ["query", name]
    assert "the model has query" in wrong.json()["detail"][0]["msg"]


async def test_a_default_prompt_and_case_are_the_files(serve: Serve, tmp_path: Path) -> None:
    prompts = {"prompts": {"query": "the "}, "default_prompt_name": "query"}
    files = {
        "config_sentence_transformers.json": prompts,
        "sentence_bert_config.json": {"max_seq_length": 4, "do_lower_case": True},
    }
    async with serve(embedding_model(tmp_path, FULL[:2], MEAN, files=files)) as client:
        response = await client.predict({"text": ["GOOD", "good film"]})

    np.testing.assert_allclose(
        response.json()["predictions"], [vectors("the good").mean(axis=0)] * 2, atol=1e-6
    )
    assert response.headers["x-modelyard-truncated"] == "1"


async def test_v2_gives_one_tensor(serve: Serve, tmp_path: Path) -> None:
    async with serve(embedding_model(tmp_path, FULL, MEAN)) as client:
        plain = (await client.predict({"text": TEXTS})).json()["predictions"]
        tensor = {"name": "text", "shape": [3], "datatype": "BYTES", "data": TEXTS}
        response = await client.post("/v2/models/sentiment/infer", json={"inputs": [tensor]})
        metadata = (await client.get("/v2/models/sentiment")).json()

    [output] = response.json()["outputs"]
    assert (output["name"], output["datatype"], output["shape"]) == ("embedding", "FP32", [3, WIDTH])
    assert output["data"] == [number for vector in plain for number in vector]
    assert metadata["outputs"] == [{"name": "embedding", "datatype": "FP32", "shape": [-1, WIDTH]}]


async def test_the_documentation_has_a_body_that_works(serve: Serve, tmp_path: Path) -> None:
    async with serve(embedding_model(tmp_path, FULL, MEAN, files=PROMPTS)) as client:
        operation = (await client.get("/openapi.json")).json()["paths"]["/predict"]["post"]
        example = operation["requestBody"]["content"]["application/json"]["examples"]["texts"]["value"]
        response = await client.predict(example)

    assert response.status_code == 200
    assert operation["parameters"][0]["schema"]["enum"] == ["query"]


@pytest.mark.parametrize(
    ("model", "settings", "says"),
    [
        ({"modules": ["Transformer", "Pooling", "Dense"]}, {}, "modules.json lists Dense after it"),
        (
            {"modules": FULL, "pooling": {"include_prompt": False}, "files": PROMPTS},
            {},
            "leaves out the prompt",
        ),
        ({"modules": FULL, "pooling": {"pooling_mode": "middle"}}, {}, "names the mode 'middle'"),
        ({"files": {"modules.json": {}}}, {"task": "text-embedding"}, "modules.json is not a JSON list"),
        (
            {"files": {"modelyard.json": {"embedding": {"output": "logits"}}}},
            {},
            r"names the output 'logits' in embedding.output; the model has \['last_hidden_state'\]",
        ),
    ],
)
def test_what_can_not_be_served_is_told(
    tmp_path: Path, model: dict[str, Any], settings: dict[str, Any], says: str
) -> None:
    with pytest.raises(SourceError, match=says) as caught:
        load_model(Settings(model_dir=embedding_model(tmp_path, **model), **settings))
    assert caught.value.permanent


@pytest.mark.parametrize("side", ["left", "right"])
def test_answers_do_not_depend_on_the_batch(tmp_path: Path, side: str) -> None:
    directory = embedding_model(tmp_path, FULL, MEAN, tokenizer={"padding_side": side})
    texts = [" ".join(text.split() * length) for length in (1, 2, 5) for text in TEXTS] * 5

    assert_batch_invariant(load_model(Settings(model_dir=directory)), texts, same_vector)
