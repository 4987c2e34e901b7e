"""From a detector's output to boxes, and what a request may ask of them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from modelyard_server.artifact.detection_section import MAX_DETECTIONS, DetectionSection
from modelyard_server.engines.base import Array
from modelyard_server.errors import InvalidRequestError
from modelyard_server.tasks.body import parameter_text
from modelyard_server.tasks.detection_settings import Form
from modelyard_server.tasks.nms import suppress

# Ultralytics' own defaults (https://docs.ultralytics.com/modes/predict/#inference-arguments).
DEFAULT_CONFIDENCE: Final = 0.25
DEFAULT_IOU: Final = 0.7
DEFAULT_MAX_DETECTIONS: Final = 300


class Wanted(NamedTuple):
    """Which boxes a request wants.

    Attributes:
        confidence: Boxes with this score or less are left out.
        iou: Of two boxes of one class that overlap by more, the better stays.
        most: Most boxes of a picture.
    """

    confidence: float
    iou: float
    most: int


@dataclass(frozen=True, slots=True)
class Found:
    """The boxes of one picture, by falling score.

    Attributes:
        boxes: Left, top, right and bottom in pixels of the model's frame; of shape [boxes, 4].
        scores: Of shape [boxes].
        classes: Indexes; of shape [boxes].
    """

    boxes: Array
    scores: Array
    classes: Array


class Thresholds:
    """Reads what requests ask for.

    Args:
        section: What the artifact says.
        form: What the model gives.
    """

    def __init__(self, section: DetectionSection, form: Form) -> None:
        self.default = Wanted(
            DEFAULT_CONFIDENCE if section.confidence is None else section.confidence,
            DEFAULT_IOU if section.iou is None else section.iou,
            section.max_detections or DEFAULT_MAX_DETECTIONS,
        )
        self._form = form

    def read(self, given: Mapping[str, Any], loc: tuple[str | int, ...]) -> Wanted:
        """Read a request's parameters.

        Raises:
            InvalidRequestError: There is no such parameter, or its value is none.
        """
        wanted = self.default
        for name, value in given.items():
            where = (*loc, name)
            if name == "conf":
                wanted = wanted._replace(confidence=_share(value, where))
            elif name == "iou" and self._form is Form.CANDIDATES:
                wanted = wanted._replace(iou=_share(value, where))
            elif name == "max_det":
                wanted = wanted._replace(most=_count(value, where))
            else:
                known = ", ".join(parameter["name"] for parameter in self.parameters())
                raise InvalidRequestError(
                    where,
                    f"there is no parameter {name!r}; there is {known}"
                    + ("; the model itself decides which boxes overlap" if name == "iou" else ""),
                    "extra_forbidden",
                )
        return wanted

    def parameters(self) -> list[dict[str, Any]]:
        """The parameters, for the documentation."""
        share = {"type": "number", "minimum": 0, "maximum": 1}
        described = [
            (
                "conf",
                f"Boxes with this score or less are left out; default {self.default.confidence}.",
                share,
            ),
            (
                "iou",
                "Of two boxes of one class that overlap by more (intersection over union), the better stays; "
                f"default {self.default.iou}.",
                share,
            ),
            (
                "max_det",
                f"Most boxes of a picture; default {self.default.most}.",
                {"type": "integer", "minimum": 1, "maximum": MAX_DETECTIONS},
            ),
        ]
        return [
            {"name": name, "in": "query", "required": False, "description": text, "schema": schema}
            for name, text, schema in described
            if name != "iou" or self._form is Form.CANDIDATES
        ]


def find(output: Array, form: Form, wanted: Wanted) -> Found:
    """The boxes of one picture that a request wants.

    Args:
        output: Its part of the model's output; see `Form`.
        form: What that holds.
        wanted: Which are wanted.
    """
    if form is Form.CHOSEN:
        return _found(output[output[:, 4] > wanted.confidence][: wanted.most])
    scores = output[4:]
    candidates = np.flatnonzero(scores.max(axis=0) > wanted.confidence)
    classes = scores[:, candidates].argmax(axis=0)
    best = scores[classes, candidates]
    x, y, width, height = output[:4, candidates].astype(np.float32)
    boxes = np.stack((x - width / 2, y - height / 2, x + width / 2, y + height / 2), axis=1)
    kept = suppress(boxes, best, classes, wanted.iou, wanted.most)
    return Found(boxes[kept], best[kept], classes[kept])


def _found(rows: Array) -> Found:
    return Found(rows[:, :4], rows[:, 4], rows[:, 5].astype(np.intp))


def _share(value: Any, loc: tuple[str | int, ...]) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number <= 1:
        raise InvalidRequestError(
            loc, f"must be a number from 0 to 1, not {parameter_text(value)[:20]!r}", "float_parsing"
        )
    return number


def _count(value: Any, loc: tuple[str | int, ...]) -> int:
    text = parameter_text(value)
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= MAX_DETECTIONS):
        raise InvalidRequestError(
            loc,
            f"must be a whole number of boxes from 1 to {MAX_DETECTIONS:,}, not {text[:20]!r}",
            "int_parsing",
        )
    return int(text)
