"""`modelyard.json`: what an artifact's author says where its own files cannot."""

import json
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from modelyard_server.artifact.detection_section import DetectionSection
from modelyard_server.artifact.embedding_section import EmbeddingSection
from modelyard_server.artifact.files_section import ModelFiles, ModelPath
from modelyard_server.artifact.image_section import ImageSection
from modelyard_server.artifact.tabular_section import TabularSection
from modelyard_server.artifact.tuning_section import Tuning

MANIFEST_FILE = "modelyard.json"


class Activation(StrEnum):
    """How raw outputs become scores."""

    SOFTMAX = "softmax"
    SIGMOID = "sigmoid"
    NONE = "none"


class ManifestError(ValueError):
    """`modelyard.json` can't be used; the message names the field."""


class Manifest(BaseModel):
    """Settles what an artifact's own files leave open. Every field is optional."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, title="modelyard.json", validate_by_name=False
    )

    json_schema: str | None = Field(
        None, alias="$schema", description="Where this file's JSON Schema stands; for editors."
    )
    task: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="What the model does: a task's name, as in `spec.model.task`.",
    )
    file: ModelPath | None = Field(
        None, description="The ONNX file, relative to this one; `spec.model.variant` comes before it."
    )
    files: ModelFiles | None = Field(
        None,
        description="The model in several forms: engine, precision, file. `spec.model.variant` may name a "
        "precision; all that are listed are fetched.",
    )
    tuning: Tuning | None = Field(
        None, description="What `modelyard tune` measured, by kind of machine; written by it."
    )
    labels: list[str] | None = Field(
        None, min_length=1, description="The classes' names, in the order of the model's outputs."
    )
    activation: Activation | None = Field(
        None,
        description="How outputs become scores: `softmax` (one class of many), `sigmoid` (any number of "
        "labels), `none` (they are scores already).",
    )
    max_length: int | None = Field(
        None,
        ge=2,
        le=131_072,
        description="Most tokens of a text; a longer one is truncated and answered so.",
    )
    threshold: float | None = Field(
        None, ge=0, le=1, description="Labels with a lower score are left out of the answer."
    )
    top_k: int | None = Field(
        None, ge=1, le=100_000, description="How many labels an answer holds unless the request says `top_k`."
    )
    image: ImageSection | None = Field(None, description="For `image-classification`.")
    detection: DetectionSection | None = Field(None, description="For `object-detection`.")
    embedding: EmbeddingSection | None = Field(None, description="For `text-embedding`.")
    tabular: TabularSection | None = Field(None, description="For `tabular`.")


def read_manifest(directory: Path) -> Manifest:
    """Read a directory's `modelyard.json`; an empty manifest where there is none.

    Raises:
        ManifestError: It is not JSON, or not of the schema in `docs/modelyard.schema.json`.
    """
    path = directory / MANIFEST_FILE
    return parse_manifest(path.read_bytes()) if path.is_file() else Manifest()


def parse_manifest(text: bytes) -> Manifest:
    """Parse a `modelyard.json`.

    Raises:
        ManifestError: It is not JSON, or not of the schema in `docs/modelyard.schema.json`.
    """
    try:
        return Manifest.model_validate(json.loads(text))
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'the file'}: {problem['msg']}"
            for problem in error.errors()[:5]
        )
        raise ManifestError(f"{MANIFEST_FILE} does not fit its schema: {problems}") from None
    except ValueError as error:
        raise ManifestError(f"{MANIFEST_FILE} is not JSON: {error}") from None
