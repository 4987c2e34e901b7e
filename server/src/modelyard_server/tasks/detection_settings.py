"""What a detector's export says of itself: the frame, the labels, and the form of its boxes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import numpy as np

from modelyard_server.artifact.describe import Artifact
from modelyard_server.artifact.ultralytics import DETECT, literal, names
from modelyard_server.engines.base import Signature, TensorSpec
from modelyard_server.report import SourceError, not_a_model
from modelyard_server.tasks.pictures.letterbox import Letterbox

_DEFAULT_STRIDE: Final = 32
_HINT: Final = "export it with Ultralytics (model.export(format='onnx')), or set another spec.model.task"


class Form(Enum):
    """What a detector gives for a picture."""

    CANDIDATES = "candidates"
    """[4 + classes, boxes]: centre, width and height, then a score a class; most boxes are noise."""
    CHOSEN = "chosen"
    """[boxes, 6]: left, top, right, bottom, score and class; suppression is done, zeros fill the rest."""


@dataclass(frozen=True, slots=True)
class DetectionSettings:
    """How a detector is used.

    Attributes:
        input: Name and data type of its input.
        output: Name of its output.
        form: What that holds.
        labels: The classes' names.
        letterbox: Puts pictures into the model's frame.
    """

    input: TensorSpec
    output: str
    form: Form
    labels: tuple[str, ...]
    letterbox: Letterbox


def detection_settings(artifact: Artifact, signature: Signature) -> DetectionSettings:
    """Read them, and check that the model is a detector.

    Raises:
        SourceError: NotAModel: the model does something else, or its form is not known here.
    """
    metadata = signature.metadata
    task = metadata.get("task", DETECT)
    if task != DETECT:
        raise not_a_model(
            f"{artifact.model_file}: the model was made for {task!r}; of Ultralytics' models those for "
            "'detect' are served as object-detection"
        )
    spec = signature.inputs[0]
    if len(signature.inputs) != 1 or len(spec.shape) != 4 or spec.shape[1] not in {3, None}:
        raise _no_detector(artifact, f"its first input {spec.name!r} is of shape {list(spec.shape)}")
    if spec.dtype not in (np.float32, np.float16):
        raise _no_detector(artifact, f"its input {spec.name!r} takes {spec.dtype}, not float32 or float16")
    labels = tuple(artifact.manifest.labels or names(metadata))
    output = signature.outputs[0]
    form, classes = _form(artifact, output, metadata, len(labels))
    if not labels:
        if not classes:
            raise _no_detector(artifact, "nothing names its classes; write them into modelyard.json (labels)")
        labels = tuple(f"class_{index}" for index in range(classes))
        artifact.assumed.append(f"labels: class_0 to class_{classes - 1}, for no file names them")
    return DetectionSettings(
        input=spec,
        output=output.name,
        form=form,
        labels=labels,
        letterbox=_letterbox(artifact, spec, metadata),
    )


def _form(
    artifact: Artifact, output: TensorSpec, metadata: Mapping[str, str], labels: int
) -> tuple[Form, int | None]:
    """The form, and how many classes the output has; None: it does not tell."""
    if len(output.shape) != 3:
        raise _no_detector(artifact, f"its output {output.name!r} is of shape {list(output.shape)}")
    rows, columns = output.shape[1:]
    arguments = literal(metadata, "args")
    chosen = literal(metadata, "end2end") is True or (
        isinstance(arguments, dict) and arguments.get("nms") is True
    )
    if chosen and columns in {6, None}:
        return Form.CHOSEN, None
    if labels and rows in {4 + labels, None} and columns != 6:
        return Form.CANDIDATES, labels
    if not labels and rows is not None and rows > 4 and (columns is None or rows < columns):
        return Form.CANDIDATES, rows - 4
    if columns == 6:
        return Form.CHOSEN, None
    raise _no_detector(
        artifact,
        f"its output {output.name!r} is of shape {list(output.shape)} with {labels} labels, and it must be "
        f"[batch, {4 + labels}, boxes], or [batch, boxes, 6] where suppression is built in",
    )


def _letterbox(artifact: Artifact, spec: TensorSpec, metadata: Mapping[str, str]) -> Letterbox:
    height, width = spec.shape[2:]
    if width is not None and height is not None:
        return Letterbox((width, height))
    said = literal(metadata, "imgsz")
    sides = [said, said] if isinstance(said, int) else said
    if not (isinstance(sides, list | tuple) and len(sides) == 2 and all(map(_is_side, sides))):
        raise _no_detector(
            artifact, f"its input has no fixed size and its metadata no imgsz (it has {said!r})"
        )
    stride = literal(metadata, "stride")
    return Letterbox((sides[1], sides[0]), stride if _is_side(stride) else _DEFAULT_STRIDE)


def _is_side(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 8192


def _no_detector(artifact: Artifact, what: str) -> SourceError:
    return not_a_model(f"{artifact.model_file}: the model is no detector that is known here: {what}; {_HINT}")
