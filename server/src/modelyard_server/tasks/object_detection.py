"""Pictures in, boxes with labels and scores out: Ultralytics' ONNX exports of detectors as they are."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import orjson

from modelyard_server.artifact.describe import Artifact
from modelyard_server.artifact.detection_section import DetectionSection
from modelyard_server.engines.base import Array, EngineError, Signature, Tensors
from modelyard_server.tasks.base import Answer, InvalidItemError, Item, Limits, Parsed, Prepared, Request
from modelyard_server.tasks.detection_settings import DetectionSettings, Form, detection_settings
from modelyard_server.tasks.detections import Thresholds, Wanted, find
from modelyard_server.tasks.image_request import (
    PictureReader,
    example,
    other_bodies,
    picture_schema,
    plain_picture,
)
from modelyard_server.tasks.openapi import predict_operation
from modelyard_server.tasks.pictures.decode import Decoder
from modelyard_server.tasks.pictures.formats import LISTED, PictureError
from modelyard_server.tasks.pictures.letterbox import Placed
from modelyard_server.tasks.pictures.tensors import Numbers, pixels_of
from modelyard_server.tasks.v2 import V2Request, V2Tensor, bytes_tensor

# A box to a hundredth of a pixel, a score to a millionth.
_BOX_DECIMALS = 2
_SCORE_DECIMALS = 6


class Framed(NamedTuple):
    """A picture in the model's frame.

    Attributes:
        pixels: Of shape [height, width, 3].
        placed: Where it stands.
    """

    pixels: Array
    placed: Placed


class ObjectDetection:
    """The task; see `tasks.base.Task` for its methods."""

    def __init__(self, settings: DetectionSettings, thresholds: Thresholds, limits: Limits) -> None:
        self._settings = settings
        self._thresholds = thresholds
        self._limits = limits
        self._reader = PictureReader(limits)
        letterbox = settings.letterbox
        self._decoder = Decoder("RGB", limits.max_pixels, letterbox.fitted, letterbox.size)
        self._numbers = Numbers(
            dtype=settings.input.dtype,
            channels_first=True,
            reversed=False,
            gain=np.full(3, 1 / 255, np.float32),
            bias=np.zeros(3, np.float32),
        )
        self.fixed_batch = settings.input.shape[0]

    # --- requests ---------------------------------------------------------------------------------
    def parse(self, request: Request) -> Parsed:
        """Read pictures as JSON, as a form, or one by itself."""
        return self._reader.read(request, self._thresholds.read(request.query, ("query",)))

    def parse_v2(self, request: V2Request) -> Parsed:
        """Read a BYTES tensor called `image` of shape [N] or [N, 1]."""
        return self._reader.read_v2(
            request, self._thresholds.read(request.parameters, ("body", "parameters"))
        )

    # --- cache keys -------------------------------------------------------------------------------
    def canonical(self, value: bytes) -> bytes:
        """The picture's file."""
        return value

    def canonical_parameters(self, parameters: Wanted) -> bytes:
        """The thresholds."""
        return repr(tuple(parameters)).encode()

    # --- tensors ----------------------------------------------------------------------------------
    def prepare(self, items: Sequence[Item]) -> list[Prepared]:
        """Decode, and put into the model's frame."""
        prepared = []
        for index, item in enumerate(items):
            try:
                decoded = self._decoder.decode(item.value)
            except PictureError as error:
                raise InvalidItemError(index, str(error), "picture_invalid") from None
            image, placed = self._settings.letterbox.place(decoded)
            pixels = pixels_of(image)
            # Frames of several sizes can't be one tensor.
            group, nbytes = image.size, self._numbers.nbytes(pixels)
            prepared.append(Prepared(item, Framed(pixels, placed), group=group, nbytes=nbytes))
        return prepared

    def collate(self, batch: Sequence[Prepared]) -> Tensors:
        """Turn pixels into numbers."""
        return {self._settings.input.name: self._numbers.tensor([one.payload.pixels for one in batch])}

    def decode(self, batch: Sequence[Prepared], outputs: Mapping[str, Array]) -> list[Answer]:
        """Find each picture's boxes."""
        output = outputs[self._settings.output]
        if len(output) < len(batch):
            raise EngineError(
                f"output {self._settings.output!r} has the shape {list(output.shape)} for a batch of "
                f"{len(batch)}: export the model again with dynamic=True or batch={len(batch)}"
            )
        if self._settings.form is Form.CANDIDATES and output.shape[1] != 4 + len(self._settings.labels):
            raise EngineError(
                f"output {self._settings.output!r} has the shape {list(output.shape)}, and the model has "
                f"{len(self._settings.labels)} labels: [batch, {4 + len(self._settings.labels)}, boxes] was "
                "expected; correct its labels"
            )
        return [
            Answer(self._fragment(part, prepared.payload.placed, prepared.item.parameters))
            for part, prepared in zip(output, batch, strict=False)
        ]

    def _fragment(self, output: Array, placed: Placed, wanted: Wanted) -> bytes:
        labels = self._settings.labels
        found = find(output, self._settings.form, wanted)
        boxes = placed.restore(found.boxes).round(_BOX_DECIMALS).tolist()
        scores = found.scores.astype(np.float64).round(_SCORE_DECIMALS).tolist()
        entries = [
            {"label": labels[kind] if 0 <= kind < len(labels) else str(kind), "score": score, "box": box}
            for kind, score, box in zip(found.classes.tolist(), scores, boxes, strict=True)
        ]
        return orjson.dumps({"boxes": entries, "width": placed.width, "height": placed.height})

    # --- answers and documentation ------------------------------------------------------------------
    def outputs_v2(self, answers: Sequence[Answer]) -> list[V2Tensor]:
        """`boxes`, `scores` and `labels` of as many columns as the fullest picture has boxes.

        Rows that have fewer end in zeros and empty labels; `count` says how many a row has.
        """
        rows = [orjson.loads(answer.fragment) for answer in answers]
        counts = [len(row["boxes"]) for row in rows]
        shape = (len(rows), max(counts))
        boxes = np.zeros((*shape, 4), np.float32)
        scores = np.zeros(shape, np.float32)
        labels: list[str] = []
        for index, row in enumerate(rows):
            for column, entry in enumerate(row["boxes"]):
                boxes[index, column] = entry["box"]
                scores[index, column] = entry["score"]
            names = [entry["label"] for entry in row["boxes"]]
            labels += names + [""] * (shape[1] - len(names))
        return [
            V2Tensor("boxes", boxes),
            V2Tensor("scores", scores),
            bytes_tensor("labels", labels, shape),
            V2Tensor("count", np.array(counts, np.int32)),
            V2Tensor("size", np.array([(row["width"], row["height"]) for row in rows], np.int32)),
        ]

    def metadata_v2(self) -> dict[str, list[dict[str, Any]]]:
        """One tensor of pictures in, boxes out."""
        return {
            "inputs": [{"name": "image", "datatype": "BYTES", "shape": [-1]}],
            "outputs": [
                {"name": "boxes", "datatype": "FP32", "shape": [-1, -1, 4]},
                {"name": "scores", "datatype": "FP32", "shape": [-1, -1]},
                {"name": "labels", "datatype": "BYTES", "shape": [-1, -1]},
                {"name": "count", "datatype": "INT32", "shape": [-1]},
                {"name": "size", "datatype": "INT32", "shape": [-1, 2]},
            ],
        }

    def warm_up(self) -> Sequence[Item]:
        """A picture of the frame's size, twice so that a batch is grown too."""
        return [Item(plain_picture(self._settings.letterbox.size), self._thresholds.default)] * 2

    def openapi(self) -> dict[str, Any]:
        """`POST /predict` with pictures."""
        labels = self._settings.labels
        shown = ", ".join(f"`{label}`" for label in labels[:10]) + ("…" if len(labels) > 10 else "")
        box = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4}
        return predict_operation(
            summary="Find things in pictures",
            description=(
                f"Gives each picture's boxes ({shown}) by falling score, as left, top, right and bottom in "
                f"pixels of the original picture once upright. At most {self._limits.max_items:,} pictures "
                f"({LISTED}) of {self._limits.max_pixels:,} pixels."
            ),
            request_schema=picture_schema(self._limits),
            request_examples={"pictures": example((32, 32))},
            entry_schema={
                "type": "object",
                "required": ["boxes", "width", "height"],
                "properties": {
                    "boxes": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["label", "score", "box"],
                            "properties": {
                                "label": {"type": "string"},
                                "score": {"type": "number"},
                                "box": box,
                            },
                        },
                    },
                    "width": {"type": "integer"},
                    "height": {"type": "integer"},
                },
            },
            answer_example={
                "predictions": [
                    {
                        "boxes": [{"label": labels[0], "score": 0.91, "box": [12.5, 8.25, 30.0, 31.75]}],
                        "width": 32,
                        "height": 32,
                    }
                ]
            },
            query=self._thresholds.parameters(),
            other_bodies=other_bodies(self._limits),
        )


def build(artifact: Artifact, signature: Signature, limits: Limits) -> ObjectDetection:
    """Build the task and check that the model is one.

    Raises:
        SourceError: NotAModel, for a model that is no detector of a form that is known here.
    """
    settings = detection_settings(artifact, signature)
    section = artifact.manifest.detection or DetectionSection()
    return ObjectDetection(settings, Thresholds(section, settings.form), limits)
