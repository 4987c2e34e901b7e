"""Pictures, and small real models that look at them, made where they are needed."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image, ImageDraw

from tests.server.models import IR_VERSION, OPSET

COLOURS = ("red", "green", "blue")
Box = tuple[int, int, int, int]


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def plain(colour: str | tuple[int, int, int], size: tuple[int, int] = (40, 30)) -> Image.Image:
    return Image.new("RGB", size, colour)


def drawn(size: tuple[int, int], boxes: Sequence[tuple[str, Box]]) -> Image.Image:
    """Rectangles on black; a box is left, top, right and bottom, the last two not of it."""
    image = Image.new("RGB", size)
    pen = ImageDraw.Draw(image)
    for colour, (left, top, right, bottom) in boxes:
        pen.rectangle((left, top, right - 1, bottom - 1), fill={"green": "#00ff00"}.get(colour, colour))
    return image


def textured(size: tuple[int, int], seed: int = 1) -> Image.Image:
    """Smooth waves with noise on top: something to lose when pixels are dropped."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    waves = [128 + 80 * np.sin(x / (7 + 3 * c)) * np.cos(y / (11 - 2 * c)) for c in range(3)]
    noisy = np.stack(waves, axis=2) + rng.normal(0, 8, (size[1], size[0], 3))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def colour_model(
    directory: Path,
    size: int | str = 8,
    batch: int | str = "batch",
    channels: int = 3,
    nhwc: bool = False,
    kind: int = TensorProto.FLOAT,
    metadata: dict[str, str] | None = None,
    **files: Any,
) -> Path:
    """The mean of each channel, times ten: which colour a picture is."""
    shape = [batch, size, size, channels] if nhwc else [batch, channels, size, size]
    axes = np.array([1, 2] if nhwc else [2, 3])
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["pixel_values"], ["numbers"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["numbers", "axes"], ["means"], keepdims=0),
            helper.make_node("Mul", ["means", "ten"], ["logits"]),
        ],
        "colours",
        [helper.make_tensor_value_info("pixel_values", kind, shape)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch, channels])],
        [numpy_helper.from_array(axes, "axes"), numpy_helper.from_array(np.float32(10), "ten")],
    )
    _save(directory, graph, metadata)
    for name, content in files.items():
        (directory / f"{name}.json").write_text(json.dumps(content))
    return directory


def detector_graph(
    size: int = 64, cell: int = 8, batch: int | str = 1, free: bool = False
) -> onnx.GraphProto:
    """A detector of colours in Ultralytics' form: each cell of a grid is a box, its mean colour the scores.

    Boxes are a fifth wider and higher than their cells, so neighbours overlap a little.
    """
    # The share of one colour that the others don't have.
    weights = np.array([[1, -1, -1], [-1, 1, -1], [-1, -1, 1]], np.float32).reshape(3, 3, 1, 1)
    side: int | str = "side" if free else size
    nodes = [
        helper.make_node(
            "AveragePool", ["images"], ["cells"], kernel_shape=[cell, cell], strides=[cell, cell]
        ),
        helper.make_node("Conv", ["cells", "weights"], ["shares"]),
        helper.make_node("Clip", ["shares", "zero"], ["positive"]),
        helper.make_node("Reshape", ["positive", "flat"], ["scores"]),
        # The grid's own places, for however many rows and columns there are.
        helper.make_node("ReduceSum", ["cells", "channels"], ["one"], keepdims=1),
        helper.make_node("Mul", ["one", "zero"], ["blank"]),
        helper.make_node("Add", ["blank", "unit"], ["ones"]),
        helper.make_node("CumSum", ["ones", "across"], ["columns"]),
        helper.make_node("CumSum", ["ones", "down"], ["rows"]),
        helper.make_node("Concat", ["columns", "rows"], ["counted"], axis=1),
        helper.make_node("Sub", ["counted", "half"], ["middles"]),
        helper.make_node("Mul", ["middles", "cell"], ["places"]),
        helper.make_node("Concat", ["blank", "blank"], ["blanks"], axis=1),
        helper.make_node("Add", ["blanks", "extent"], ["sides"]),
        helper.make_node("Concat", ["places", "sides"], ["boxes4"], axis=1),
        helper.make_node("Reshape", ["boxes4", "flat4"], ["boxes"]),
        helper.make_node("Concat", ["boxes", "scores"], ["output0"], axis=1),
    ]
    count: int | str = "anchors" if free else (size // cell) ** 2
    constants = {
        "weights": weights,
        "zero": np.float32(0),
        "unit": np.float32(1),
        "half": np.float32(0.5),
        "cell": np.float32(cell),
        "extent": np.float32(cell * 1.2),
        "flat": np.array([0, 3, -1]),
        "flat4": np.array([0, 4, -1]),
        "channels": np.array([1]),
        "across": np.array(3),
        "down": np.array(2),
    }
    return helper.make_graph(
        nodes,
        "detector",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, side, side])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [batch, 7, count])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )


def chosen_graph(size: int = 64) -> onnx.GraphProto:
    """A detector with suppression built in: one red box whose score is the picture's red, then nothing."""
    rows = np.zeros((1, 5, 6), np.float32)
    rows[0, 0] = [8, 16, 40, 48, 1, 0]
    return helper.make_graph(
        [
            helper.make_node("Gather", ["images", "first"], ["red"], axis=1),
            helper.make_node("ReduceMean", ["red", "all"], ["brightness"], keepdims=0),
            helper.make_node("Reshape", ["brightness", "shape"], ["share"]),
            helper.make_node("Sub", ["share", "one"], ["less"]),
            helper.make_node("Mul", ["less", "where"], ["change"]),
            helper.make_node("Add", ["rows", "change"], ["output0"]),
        ],
        "chosen",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, size, size])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 5, 6])],
        [
            numpy_helper.from_array(rows, "rows"),
            numpy_helper.from_array(np.array([0]), "first"),
            numpy_helper.from_array(np.array([1, 2, 3]), "all"),
            numpy_helper.from_array(np.array([1, 1, 1]), "shape"),
            numpy_helper.from_array(np.float32(1), "one"),
            numpy_helper.from_array((rows == 1).astype(np.float32) * (np.arange(6) == 4), "where"),
        ],
    )


def detector_model(
    directory: Path, graph: onnx.GraphProto | None = None, size: int = 64, **metadata: str
) -> Path:
    """A detector as Ultralytics' exporter writes it."""
    said = {
        "author": "Ultralytics",
        "task": "detect",
        "stride": "8",
        "batch": "1",
        "imgsz": f"[{size}, {size}]",
        "names": str(dict(enumerate(COLOURS))),
        **metadata,
    }
    _save(directory, graph or detector_graph(size), {key: value for key, value in said.items() if value})
    return directory


def _save(directory: Path, graph: onnx.GraphProto, metadata: dict[str, str] | None) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    model = helper.make_model(graph, opset_imports=OPSET, ir_version=IR_VERSION)
    if metadata:
        helper.set_model_props(model, metadata)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, directory / "model.onnx")
