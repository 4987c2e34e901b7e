"""`spec.model`: where the model comes from."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from modelyard_operator.api.base import ApiModel, LocalObjectReference
from modelyard_operator.api.rules import Rule, matching

_NO_SPACE = matching(r"^\S*$", "a URI has no spaces: write each as %20")
_SCHEME = Rule(
    rule="self.matches(r'^(hf|s3|gs|az|https|oci|pvc|file)://')",
    message="unknown kind of source: use hf://ORG/REPO[@REVISION], s3://BUCKET/PREFIX, "
    "gs://BUCKET/PREFIX, az://CONTAINER/PATH, https://HOST/PATH, oci://HOST/REPOSITORY:TAG, "
    "pvc://CLAIM/PATH or file:///PATH in the server image",
)


def _shape(scheme: str, pattern: str, written: str) -> Rule:
    """A URI of `scheme` must look like `written`; URIs of other schemes pass."""
    return Rule(
        rule=f"!self.startsWith('{scheme}://') || self.matches(r'^{scheme}://{pattern}$')",
        message=f"is no {scheme} source: write it as {written}",
    )


_SHAPES = (
    _shape(
        "hf",
        r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*(@[A-Za-z0-9._/-]+)?(/[^@]+)?",
        "hf://ORG/REPO, or hf://ORG/REPO@REVISION/FOLDER",
    ),
    _shape("s3", r"[a-z0-9][a-z0-9.-]+[a-z0-9](/.*)?", "s3://BUCKET/PREFIX"),
    _shape("gs", r"[a-z0-9][a-z0-9._-]+[a-z0-9](/.*)?", "gs://BUCKET/PREFIX"),
    _shape(
        "az",
        r"([a-z0-9]{3,24}[.](z[0-9]+[.])?blob[.][a-z0-9.-]+/)?[a-z0-9][a-z0-9-]+[a-z0-9](/.*)?",
        "az://CONTAINER/PATH with the account's name in the Secret, or "
        "az://ACCOUNT.blob.core.windows.net/CONTAINER/PATH",
    ),
    _shape(
        "https",
        r"[A-Za-z0-9.\-\[\]:]+/.+",
        "https://HOST/PATH; credentials belong into the Secret of model.secretRef",
    ),
    _shape(
        "oci",
        r"[A-Za-z0-9.\-\[\]:]+/[a-z0-9][a-z0-9._/-]*(:[A-Za-z0-9_][A-Za-z0-9._-]*)?(@sha256:[0-9a-f]{64})?",
        "oci://HOST/REPOSITORY:TAG or oci://HOST/REPOSITORY@sha256:DIGEST",
    ),
    _shape("pvc", r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(/.*)?", "pvc://CLAIM/PATH"),
    _shape("file", r"/[^/].*", "file:///PATH, a path inside the server image"),
)
_NO_UP = Rule(
    rule="!self.matches(r'/[.][.](/|$)')",
    message="a path must not climb with '..': write where it leads",
)

_DIGEST = r"^sha256:[0-9a-f]{64}$"
_DIGEST_RULE = matching(_DIGEST, "is no digest: copy it from status.model.digest (sha256: and 64 hex digits)")
_VARIANT = r"^[A-Za-z0-9._-]+$"
_VARIANT_RULE = matching(_VARIANT, "is no variant: use letters, digits, '.', '_' and '-', or leave it out")


class Task(StrEnum):
    """What the model does, and so what a request and an answer look like."""

    TEXT_CLASSIFICATION = "text-classification"
    IMAGE_CLASSIFICATION = "image-classification"
    OBJECT_DETECTION = "object-detection"
    TEXT_EMBEDDING = "text-embedding"
    TABULAR = "tabular"
    TENSOR = "tensor"


class ModelSpec(ApiModel):
    """The source of the model; a change resolves it anew and makes a revision."""

    uri: Annotated[str, Field(min_length=1, max_length=1024), _NO_SPACE, _SCHEME, *_SHAPES, _NO_UP]
    """Where the artifact is: hf://ORG/REPO[@REVISION][/FOLDER], s3://BUCKET/PREFIX,
    gs://BUCKET/PREFIX, az://CONTAINER/PATH or az://ACCOUNT.blob.core.windows.net/CONTAINER/PATH,
    https://HOST/PATH, oci://HOST/REPOSITORY:TAG or oci://HOST/REPOSITORY@sha256:DIGEST, pvc://CLAIM/PATH,
    or file:///PATH inside the server image."""

    digest: Annotated[str, Field(pattern=_DIGEST, max_length=71), _DIGEST_RULE] | None = None
    """Refuse to serve anything but these bytes (sha256 over the files, as `status.model.digest` shows it)."""

    task: Task | None = None
    """What the model does; left out, it is inferred from the artifact."""

    variant: Annotated[str, Field(pattern=_VARIANT, max_length=64), _VARIANT_RULE] = "auto"
    """Which of several ONNX files of a repository: `quantized` is onnx/model_quantized.onnx."""

    secret_ref: LocalObjectReference | None = None
    """A Secret whose keys become the environment of resolve and fetch alone, in the SDKs' own names
    (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL, GOOGLE_SERVICE_ACCOUNT_KEY,
    AZURE_STORAGE_ACCOUNT_NAME, AZURE_STORAGE_ACCOUNT_KEY, HF_TOKEN, OCI_USERNAME, OCI_PASSWORD)."""
