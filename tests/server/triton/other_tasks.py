"""What users of tritonclient do with models of the other tasks; see `client.py`."""

import struct
import zlib
from typing import Any

import numpy as np

TEXTS = ["awesome", "boring film", "good ünïcode \u2603"]


def sent(t: Any, client: Any, name: str, values: np.ndarray, datatype: str) -> Any:
    tensor = t.InferInput(name, list(values.shape), datatype)
    tensor.set_data_from_numpy(values)
    return client.infer("sentiment", [tensor])


def red_picture(side: int = 64) -> np.ndarray:
    """A PNG, https://www.w3.org/TR/png-3/."""
    rows = (b"\0" + b"\xff\0\0" * side) * side
    content = b"\x89PNG\r\n\x1a\n"
    for kind, data in (
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ):
        content += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return np.array([content], dtype=object)


def embedding_vectors(t: Any, client: Any) -> None:
    values = np.array([text.encode() for text in TEXTS], dtype=object)
    vectors = sent(t, client, "text", values, "BYTES").as_numpy("embedding")
    assert vectors.dtype == np.float32
    assert vectors.shape == (3, 4)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def tabular_classes(t: Any, client: Any) -> None:
    how = {"as_json": True} if t.__name__.endswith("grpc") else {}
    [tensor] = client.get_model_metadata("sentiment", **how)["inputs"]
    rows = np.array([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]], dtype=np.float32)
    labels = sent(t, client, tensor["name"], rows, tensor["datatype"]).as_numpy("labels")
    assert labels[0][0] in (b"0", "0"), labels
    assert labels[1][0] in (b"2", "2"), labels


def images_classes(t: Any, client: Any) -> None:
    result = sent(t, client, "image", red_picture(), "BYTES")
    labels, scores = result.as_numpy("labels"), result.as_numpy("scores")
    assert labels[0][0] in (b"red", "red"), labels
    assert scores.shape == labels.shape
    assert scores[0][0] > 0.9


def detection_boxes(t: Any, client: Any) -> None:
    result = sent(t, client, "image", red_picture(), "BYTES")
    boxes, labels, scores = (result.as_numpy(name) for name in ("boxes", "labels", "scores"))
    assert boxes.shape[0] == 1
    assert boxes.shape[2] == 4
    assert boxes.shape[1] == labels.shape[1] == scores.shape[1] > 0
    assert labels[0][0] in (b"red", "red"), labels
