"""`spec.model`: where the model comes from."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from modelyard_operator.api.base import ApiModel, LocalObjectReference


class Task(StrEnum):
    """What the model does, and so what a request and an answer look like."""

    TEXT_CLASSIFICATION = "text-classification"
    TENSOR = "tensor"


class ModelSpec(ApiModel):
    """The source of the model; a change resolves it anew and makes a revision."""

    uri: Annotated[str, Field(min_length=1, max_length=1024)]
    """Where the artifact is: hf://ORG/REPO[@REVISION], s3://BUCKET/PREFIX, https://HOST/PATH,
    pvc://CLAIM/PATH, or file:///PATH inside the server image."""

    digest: Annotated[str | None, Field(pattern=r"^sha256:[0-9a-f]{64}$", max_length=71)] = None
    """Refuse to serve anything but these bytes (sha256 over the files, as `status.model.digest` shows it)."""

    task: Task | None = None
    """What the model does; left out, it is inferred from the artifact."""

    variant: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=64)] = "auto"
    """Which of several ONNX files of a repository: `quantized` is onnx/model_quantized.onnx."""

    secret_ref: LocalObjectReference | None = None
    """A Secret whose keys become the environment of resolve and fetch alone, in the SDKs' own names
    (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL, HF_TOKEN)."""
