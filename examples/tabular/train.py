"""Makes the example model `tabular`: a scikit-learn pipeline that tells malignant from benign cells.

Run it with `make -C examples tabular`: seconds. It learns the 569 rows of the Wisconsin diagnostic data set
that ships with scikit-learn (CC BY 4.0) and writes `model/model.onnx`, `modelyard.json` with the columns'
names, meanings and usual values, `metrics.json` and the card `README.md`.
"""

import json
from pathlib import Path

import card
import numpy as np
import onnx
import onnxruntime
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

MODEL = Path(__file__).parent / "model"
SEED = 20261121
HELD_OUT = 170
LABELS = ["malignant", "benign"]
MEASURES = {
    "radius": "mean distance from the centre to the outline",
    "texture": "standard deviation of the grey values",
    "perimeter": "length of the outline",
    "area": "area inside the outline",
    "smoothness": "local variation of the radius",
    "compactness": "perimeter squared / area - 1",
    "concavity": "depth of the outline's concave parts",
    "concave_points": "number of the outline's concave parts",
    "symmetry": "symmetry of the outline",
    "fractal_dimension": "coastline approximation of the outline - 1",
}
PARTS = {
    "mean": "mean over the picture's nuclei",
    "error": "standard error over the picture's nuclei",
    "worst": "mean of the three largest nuclei",
}
OPSET = {"": 21, "ai.onnx.ml": 3}
IR_VERSION = 10


def main() -> None:
    """Trains, exports, measures what was exported, and writes the card."""
    data = load_breast_cancer()
    rows = data.data.astype(np.float32)
    train, test, train_labels, test_labels = train_test_split(
        rows, data.target, test_size=HELD_OUT, random_state=SEED, stratify=data.target
    )
    pipeline = make_pipeline(
        StandardScaler(),
        LogisticRegressionCV(
            Cs=[0.01, 0.03, 0.1, 0.3, 1, 3, 10],
            cv=10,
            scoring="neg_log_loss",
            max_iter=5000,
            l1_ratios=(0,),
            use_legacy_attributes=False,
        ),
    ).fit(train, train_labels)
    model = to_onnx(
        pipeline,
        initial_types=[("measures", FloatTensorType([None, rows.shape[1]]))],
        options={"zipmap": False},
        target_opset=OPSET,
    )
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    [probabilities] = session.run(["probabilities"], {"measures": test})
    drift = float(np.abs(probabilities - pipeline.predict_proba(test)).max())
    if drift > 1e-5:
        raise RuntimeError(f"the exported model is off by {drift} from the pipeline it was made from")

    forest = RandomForestClassifier(n_estimators=500, random_state=SEED).fit(train, train_labels)
    majority = np.tile(np.eye(2)[np.bincount(train_labels).argmax()], (len(test), 1))
    metrics = {
        "methods": {
            "this model": report(probabilities, test_labels),
            "random forest, 500 trees": report(forest.predict_proba(test), test_labels),
            "always benign": report(majority, test_labels),
        },
        "strength": float(pipeline[-1].C_),
        "train": len(train),
        "held_out": len(test),
        "malignant": int((test_labels == 0).sum()),
        "seed": SEED,
        "kilobytes": round(model.ByteSize() / 1e3, 1),
    }
    MODEL.mkdir(exist_ok=True)
    (MODEL / "model.onnx").write_bytes(model.SerializeToString())
    write("modelyard.json", description(list(data.feature_names), train))
    write("metrics.json", metrics)
    (MODEL / "README.md").write_text(card.render(metrics))
    print(card.render(metrics))


def description(names: list[str], train: np.ndarray) -> dict:
    """What `modelyard.json` says: the classes and the columns, with medians as usual values."""
    features = []
    for name, column in zip(names, train.T, strict=True):
        # "worst concave points" and "radius error" alike: the part, then what is measured.
        part = next(part for part in PARTS if part in name.split())
        measure = "_".join(word for word in name.split() if word != part)
        features.append(
            {
                "name": f"{part}_{measure}",
                "description": f"{MEASURES[measure]}; {PARTS[part]}",
                "example": float(f"{np.median(column):.4g}"),
            }
        )
    return {"task": "tabular", "labels": LABELS, "tabular": {"features": features}}


def report(probabilities: np.ndarray, labels: np.ndarray) -> dict:
    """Accuracy and share of malignant found, with intervals; area under the ROC curve; Brier score."""
    malignant = probabilities[:, 0]
    found = (malignant > 0.5) == (labels == 0)
    return {
        "accuracy": share(found),
        "malignant found": share(found[labels == 0]),
        "benign found": share(found[labels == 1]),
        "auc": round(float(roc_auc_score(labels == 0, malignant)), 4),
        "brier": round(float(brier_score_loss(labels == 0, malignant)), 4),
    }


def share(right: np.ndarray) -> dict[str, float]:
    """{n, share, low, high} with Wilson's 95 % interval (J. Am. Stat. Assoc. 22, 1927)."""
    n, mean, z = len(right), float(right.mean()), 1.959964
    centre, half = mean + z * z / (2 * n), z * np.sqrt(mean * (1 - mean) / n + z * z / (4 * n * n))
    low, high = (centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)
    return {"n": n, "share": round(mean, 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def write(name: str, content: dict) -> None:
    """One of the artifact's JSON files."""
    (MODEL / name).write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
