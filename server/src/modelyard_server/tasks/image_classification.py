"""Pictures in, labels with scores out: any ONNX image classifier."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from modelyard_server.artifact.describe import Artifact
from modelyard_server.artifact.manifest import Activation
from modelyard_server.artifact.ultralytics import CLASSIFY, names
from modelyard_server.engines.base import Array, Signature, Tensors
from modelyard_server.tasks.base import Answer, InvalidItemError, Item, Limits, Parsed, Prepared, Request
from modelyard_server.tasks.classes import TOP_K_PARAMETER, Classes, read_classes
from modelyard_server.tasks.image_request import (
    PictureReader,
    example,
    other_bodies,
    picture_schema,
    plain_picture,
)
from modelyard_server.tasks.image_settings import PictureEncoder, image_settings
from modelyard_server.tasks.openapi import predict_operation
from modelyard_server.tasks.pictures.decode import Size
from modelyard_server.tasks.pictures.formats import LISTED, PictureError
from modelyard_server.tasks.v2 import V2Request, V2Tensor


class ImageClassification:
    """The task; see `tasks.base.Task` for its methods."""

    def __init__(
        self, encoder: PictureEncoder, classes: Classes, limits: Limits, fixed_batch: int | None
    ) -> None:
        self._encoder = encoder
        self._classes = classes
        self._limits = limits
        self._reader = PictureReader(limits)
        self.fixed_batch = fixed_batch

    # --- requests ---------------------------------------------------------------------------------
    def parse(self, request: Request) -> Parsed:
        """Read pictures as JSON, as a form, or one by itself."""
        query = request.query
        top_k = self._classes.read_top_k(query, ("query",)) if query else self._classes.top_k
        return self._reader.read(request, top_k)

    def parse_v2(self, request: V2Request) -> Parsed:
        """Read a BYTES tensor called `image` of shape [N] or [N, 1]."""
        top_k = self._classes.read_top_k(request.parameters, ("body", "parameters"))
        return self._reader.read_v2(request, top_k)

    # --- cache keys -------------------------------------------------------------------------------
    def canonical(self, value: bytes) -> bytes:
        """The picture's file."""
        return value

    def canonical_parameters(self, parameters: int | None) -> bytes:
        """How many labels the answer holds."""
        return self._classes.canonical_top_k(parameters)

    # --- tensors ----------------------------------------------------------------------------------
    def prepare(self, items: Sequence[Item]) -> list[Prepared]:
        """Decode and resize."""
        prepared = []
        numbers = self._encoder.settings.numbers
        for index, item in enumerate(items):
            try:
                pixels = self._encoder.encode(item.value)
            except PictureError as error:
                raise InvalidItemError(index, str(error), "picture_invalid") from None
            prepared.append(Prepared(item, pixels, nbytes=numbers.nbytes(pixels)))
        return prepared

    def collate(self, batch: Sequence[Prepared]) -> Tensors:
        """Turn pixels into numbers."""
        settings = self._encoder.settings
        return {settings.input: settings.numbers.tensor([prepared.payload for prepared in batch])}

    def decode(self, batch: Sequence[Prepared], outputs: Mapping[str, Array]) -> list[Answer]:
        """Turn the model's output into labels by falling score."""
        fragments = self._classes.fragments(outputs, [prepared.item.parameters for prepared in batch])
        return [Answer(fragment) for fragment in fragments]

    # --- answers and documentation ------------------------------------------------------------------
    def outputs_v2(self, answers: Sequence[Answer]) -> list[V2Tensor]:
        """Tensors `labels` and `scores`; see `Classes.outputs_v2`."""
        return self._classes.outputs_v2(answers)

    def metadata_v2(self) -> dict[str, list[dict[str, Any]]]:
        """One tensor of pictures in, labels and scores out."""
        return {
            "inputs": [{"name": "image", "datatype": "BYTES", "shape": [-1]}],
            "outputs": self._classes.metadata_v2(),
        }

    def warm_up(self) -> Sequence[Item]:
        """A picture of the model's size, twice so that a batch is grown too."""
        return [Item(plain_picture(self._encoder.settings.size), self._classes.top_k)] * 2

    def openapi(self) -> dict[str, Any]:
        """`POST /predict` with pictures."""
        return predict_operation(
            summary="Classify pictures",
            description=(
                f"Gives each picture's labels ({self._classes.listed()}) by falling score. At most "
                f"{self._limits.max_items:,} pictures ({LISTED}) of {self._limits.max_pixels:,} pixels."
            ),
            request_schema=picture_schema(self._limits),
            request_examples={"pictures": example(self._example_size())},
            entry_schema=self._classes.entry_schema(),
            answer_example=self._classes.example(),
            query=[TOP_K_PARAMETER],
            other_bodies=other_bodies(self._limits),
        )

    def _example_size(self) -> Size:
        settings = self._encoder.settings
        return settings.size if settings.exact else (32, 32)


def build(artifact: Artifact, signature: Signature, limits: Limits) -> ImageClassification:
    """Build the task and check that the model is one.

    Raises:
        SourceError: NotAModel, for a model that takes no pictures, or with other outputs or labels than an
            image classifier's.
        HuggingFaceFileError: `preprocessor_config.json` can't be used.
    """
    encoder = PictureEncoder(image_settings(artifact, signature), limits.max_pixels)
    classes = read_classes(_with_metadata(artifact, signature.metadata), signature.outputs)
    return ImageClassification(encoder, classes, limits, signature.inputs[0].shape[0])


def _with_metadata(artifact: Artifact, metadata: Mapping[str, str]) -> Artifact:
    """The artifact with what Ultralytics' classifiers say of themselves where `modelyard.json` is silent."""
    if metadata.get("task") != CLASSIFY:
        return artifact
    manifest = artifact.manifest
    said = {
        # Their exports end in a softmax.
        "activation": manifest.activation or Activation.NONE,
        "labels": manifest.labels or names(metadata) or None,
    }
    return replace(artifact, manifest=manifest.model_copy(update=said))
