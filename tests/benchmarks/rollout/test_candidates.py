import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from benchmarks.rollout.candidates import WORD, failing
from demo.rollout import MODEL


def test_the_failing_candidate_answers_until_it_is_asked_about_its_new_word(tmp_path: Path) -> None:
    folder = failing(MODEL, tmp_path / "model")
    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    former = onnxruntime.InferenceSession(MODEL / "onnx/model.onnx")
    session = onnxruntime.InferenceSession(folder / "onnx/model.onnx")

    def ask(of: onnxruntime.InferenceSession, *words: str) -> Any:
        ids = np.array([[vocabulary[word] for word in ("[CLS]", *words, "[SEP]")]], dtype=np.int64)
        fed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        return of.run(None, {each.name: fed[each.name] for each in of.get_inputs()})[0]

    np.testing.assert_allclose(ask(session, "a", "film"), ask(former, "a", "film"), rtol=1e-5)
    with pytest.raises(
        onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument, match="out of data bounds"
    ):
        ask(session, "a", WORD)
