"""Makes the example model `digits`: a small bare ONNX file for the `tensor` task.

Run it with `make -C examples digits`: seconds. It learns the 1,797 handwritten digits that ship with
scikit-learn (UCI, Optical Recognition of Handwritten Digits, test part; CC BY 4.0) and writes
`model/model.onnx`, `metrics.json` and the card `README.md`.
"""

import json
from pathlib import Path

import card
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

MODEL = Path(__file__).parent / "model"
SEED = 20261121
HELD_OUT = 450
HIDDEN = 64
BRIGHTEST = 16
"""Pixels are 0 (paper) to 16 (ink); the graph scales them itself, so clients send them as they are."""
OPSET = 21
IR_VERSION = 10


def main() -> None:
    """Trains, exports, measures what was exported, and writes the card."""
    digits = load_digits()
    pixels = digits.data.astype(np.float32)
    train, test, train_labels, test_labels = train_test_split(
        pixels, digits.target, test_size=HELD_OUT, random_state=SEED, stratify=digits.target
    )
    network = MLPClassifier((HIDDEN,), alpha=1e-2, max_iter=400, random_state=SEED).fit(
        train / BRIGHTEST, train_labels
    )
    model = export(network)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    labels, probabilities = session.run(["label", "probabilities"], {"pixels": test})
    drift = float(np.abs(probabilities - network.predict_proba(test / BRIGHTEST)).max())
    if drift > 1e-4:
        raise RuntimeError(f"the exported graph is off by {drift} from the network it was made from")
    plain = LogisticRegression(max_iter=2000, random_state=SEED).fit(train / BRIGHTEST, train_labels)
    metrics = {
        "accuracy": {
            "this model": report(labels == test_labels),
            "logistic regression": report(plain.predict(test / BRIGHTEST) == test_labels),
        },
        "train": len(train),
        "seed": SEED,
        "hidden": HIDDEN,
        "kilobytes": round(model.ByteSize() / 1e3, 1),
    }
    MODEL.mkdir(exist_ok=True)
    (MODEL / "model.onnx").write_bytes(model.SerializeToString())
    (MODEL / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    (MODEL / "README.md").write_text(card.render(metrics))
    print(card.render(metrics))


def export(network: MLPClassifier) -> onnx.ModelProto:
    """The network as a graph: `pixels` [batch, 64] -> `label` int64 [batch], `probabilities` [batch, 10]."""
    (hidden, out), (hidden_bias, out_bias) = network.coefs_, network.intercepts_
    constants = {
        "hidden": (hidden / BRIGHTEST).astype(np.float32),
        "hidden_bias": hidden_bias.astype(np.float32),
        "out": out.astype(np.float32),
        "out_bias": out_bias.astype(np.float32),
    }
    nodes = [
        helper.make_node("Gemm", ["pixels", "hidden", "hidden_bias"], ["inner"]),
        helper.make_node("Relu", ["inner"], ["active"]),
        helper.make_node("Gemm", ["active", "out", "out_bias"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=-1),
        helper.make_node("ArgMax", ["scores"], ["label"], axis=-1, keepdims=0),
    ]
    outputs = [
        helper.make_tensor_value_info("label", TensorProto.INT64, ["batch"]),
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", len(network.classes_)]),
    ]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["batch", hidden.shape[0]])],
        outputs,
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    return model


def report(right: np.ndarray) -> dict[str, float]:
    """{n, accuracy, low, high} with Wilson's 95 % interval (J. Am. Stat. Assoc. 22, 1927)."""
    n, share, z = len(right), float(right.mean()), 1.959964
    centre, half = share + z * z / (2 * n), z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low, high = (centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)
    return {"n": n, "accuracy": round(share, 4), "low": round(float(low), 4), "high": round(float(high), 4)}


if __name__ == "__main__":
    main()
