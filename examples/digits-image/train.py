"""Makes the example model `digits-image`: pictures of handwritten digits in, labels out.

Run it with `make -C examples digits-image`: about a minute. It learns the 1,797 handwritten digits that ship
with scikit-learn (UCI, Optical Recognition of Handwritten Digits, test part; CC BY 4.0), drawn as pictures
and moved about, and writes `model/model.onnx`, `modelyard.json` with what the server does to a picture,
`metrics.json` and the card `README.md`.
"""

import io
import json
import time
from pathlib import Path

import card
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from pictures import draw, encoded
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

MODEL = Path(__file__).parent / "model"
SEED = 20261121
HELD_OUT = 450
"""The same digits are held out as for `../digits`."""
SIDE = 16
HIDDEN = 160
COPIES = 20
"""Pictures drawn of each digit that is learned from."""
TURN, SHIFT, GROW = 9.0, 0.06, 0.1
"""Most that a copy is turned (degrees), moved and scaled (parts of its side)."""
OPSET = 21
IR_VERSION = 10


def main() -> None:
    """Trains, exports, measures what was exported, and writes the card."""
    digits = load_digits()
    train, test, train_labels, test_labels = train_test_split(
        digits.data, digits.target, test_size=HELD_OUT, random_state=SEED, stratify=digits.target
    )
    rng = np.random.default_rng(SEED)
    started = time.monotonic()
    drawn = [draw(digit, rng) for digit in train]
    copies = [moved(draw(digit, rng), rng) for _ in range(COPIES) for digit in train]
    pixels = tensors(drawn + copies)
    network = MLPClassifier(
        (HIDDEN,), alpha=1e-3, batch_size=256, learning_rate_init=2e-3, max_iter=25, tol=0, random_state=SEED
    ).fit(flat(pixels), np.tile(train_labels, 1 + COPIES))
    seconds = time.monotonic() - started

    model = export(network)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    held_out = [draw(digit, rng) for digit in test]
    plain = LogisticRegression(max_iter=2000, random_state=SEED).fit(flat(tensors(drawn)), train_labels)
    accuracy = {}
    for kind in ("PNG", "JPEG"):
        seen = tensors([Image.open(io.BytesIO(encoded(picture, kind))) for picture in held_out])
        [logits] = session.run(["logits"], {"pixel_values": seen})
        accuracy[f"this model, {kind}"] = report(logits.argmax(axis=1) == test_labels)
        accuracy[f"logistic regression, {kind}"] = report(plain.predict(flat(seen)) == test_labels)
    drift = float(np.abs(softmax(logits) - network.predict_proba(flat(seen))).max())
    if drift > 1e-4:
        raise RuntimeError(f"the exported graph is off by {drift} from the network it was made from")
    metrics = {
        "accuracy": accuracy,
        "train": len(train),
        "copies": COPIES,
        "seed": SEED,
        "side": SIDE,
        "hidden": HIDDEN,
        "seconds": round(seconds, 1),
        "kilobytes": round(model.ByteSize() / 1e3, 1),
    }
    MODEL.mkdir(exist_ok=True)
    (MODEL / "model.onnx").write_bytes(model.SerializeToString())
    description = {
        "task": "image-classification",
        "labels": [str(digit) for digit in range(10)],
        "image": {"size": SIDE, "resize": "stretch", "interpolation": "bilinear", "channels": "gray"},
    }
    (MODEL / "modelyard.json").write_text(json.dumps(description, indent=2) + "\n")
    (MODEL / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    (MODEL / "README.md").write_text(card.render(metrics))
    print(card.render(metrics))


def moved(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The picture a little turned, moved and scaled, on paper of its own brightness."""
    side = image.width
    angle = np.deg2rad(rng.uniform(-TURN, TURN))
    cosine, sine = np.array([np.cos(angle), np.sin(angle)]) * rng.uniform(1 - GROW, 1 + GROW)
    shift = side / 2 + rng.uniform(-SHIFT, SHIFT, 2) * side
    middle = side / 2
    affine = (
        cosine, -sine, shift[0] - middle * (cosine - sine),
        sine, cosine, shift[1] - middle * (sine + cosine),
    )  # fmt: skip
    paper = int(np.asarray(image).max())
    return image.transform(
        image.size, Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR, fillcolor=paper
    )


def tensors(images: list[Image.Image]) -> np.ndarray:
    """What the server makes of pictures by `modelyard.json`: float32 [pictures, 1, side, side], 0 to 1."""
    small = [image.convert("L").resize((SIDE, SIDE), Image.Resampling.BILINEAR) for image in images]
    return np.stack([np.asarray(image, dtype=np.float32)[None] / 255 for image in small])


def flat(pixels: np.ndarray) -> np.ndarray:
    """One row a picture."""
    return pixels.reshape(len(pixels), -1)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities by row."""
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def export(network: MLPClassifier) -> onnx.ModelProto:
    """The network as a graph: `pixel_values` [batch, 1, side, side] -> `logits` [batch, 10]."""
    (hidden, out), (hidden_bias, out_bias) = network.coefs_, network.intercepts_
    constants = {
        "hidden": hidden.astype(np.float32),
        "hidden_bias": hidden_bias.astype(np.float32),
        "out": out.astype(np.float32),
        "out_bias": out_bias.astype(np.float32),
    }
    nodes = [
        helper.make_node("Flatten", ["pixel_values"], ["pixels"], axis=1),
        helper.make_node("Gemm", ["pixels", "hidden", "hidden_bias"], ["inner"]),
        helper.make_node("Relu", ["inner"], ["active"]),
        helper.make_node("Gemm", ["active", "out", "out_bias"], ["logits"]),
    ]
    shape = ["batch", 1, SIDE, SIDE]
    graph = helper.make_graph(
        nodes,
        "digits-image",
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 10])],
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
