import json

import numpy as np
import onnxruntime
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from tests.examples.loading import TABULAR, card_module

METRICS = json.loads((TABULAR / "metrics.json").read_text())
MANIFEST = json.loads((TABULAR / "modelyard.json").read_text())


def test_reaches_on_the_held_out_rows_what_the_card_says() -> None:
    data = load_breast_cancer()
    rows = data.data.astype(np.float32)
    _, rows, _, classes = train_test_split(
        rows, data.target, test_size=METRICS["held_out"], random_state=METRICS["seed"], stratify=data.target
    )
    session = onnxruntime.InferenceSession(TABULAR / "model.onnx", providers=["CPUExecutionProvider"])
    [probabilities] = session.run(["probabilities"], {"measures": rows})

    report = METRICS["methods"]["this model"]
    right = probabilities.argmax(axis=1) == classes
    assert round(float(right.mean()), 4) == report["accuracy"]["share"]
    assert round(float(right[classes == 0].mean()), 4) == report["malignant found"]["share"]
    assert round(float(roc_auc_score(classes, probabilities[:, 1])), 4) == report["auc"]


def test_columns_are_named_in_the_data_sets_order() -> None:
    data = load_breast_cancer()
    names = [feature["name"] for feature in MANIFEST["tabular"]["features"]]

    words = [set(name.split()) for name in data.feature_names]
    assert [set(name.split("_")) for name in names] == words
    assert MANIFEST["labels"] == list(data.target_names)


def test_card_says_what_was_measured() -> None:
    assert (TABULAR / "README.md").read_text() == card_module("tabular").render(METRICS)
    assert METRICS["methods"]["this model"]["accuracy"]["share"] >= 0.95
