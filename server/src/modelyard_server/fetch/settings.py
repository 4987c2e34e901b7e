"""What `resolve` and `fetch` read from their environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modelyard_server import contract
from modelyard_server.artifact.onnx_files import AUTO
from modelyard_server.fetch.errors import internal
from modelyard_server.fetch.retry import Patience
from modelyard_server.fetch.stores.base import StoreContext

ENV_PVC_MOUNT: Final = "MODELYARD_PVC_MOUNT"
"""Where the volume lies outside a cluster; unset: the contract's place."""

ENV_ALLOW_HTTP: Final = "MODELYARD_ALLOW_HTTP"
"""`true` lets models come over plain http, for development clusters."""

ENV_RETRY_SECONDS: Final = "MODELYARD_FETCH_RETRY_SECONDS"
"""Seconds without progress for which an unreachable store is asked again; 60 unless set."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment, read.

    Attributes:
        uri: The URI or the pinned reference.
        digest: `sha256:…` that the content must have, or None.
        task: The task that the user named, or None.
        variant: `auto` or a variant's name.
        model_dir: Where the artifact goes.
        context: What stores need.
        patience: How long to try.
    """

    uri: str
    digest: str | None
    task: str | None
    variant: str
    model_dir: Path
    context: StoreContext
    patience: Patience


def read_settings(environ: Mapping[str, str], uri_variable: str) -> Settings:
    """Read the environment.

    Args:
        environ: The environment.
        uri_variable: The variable with the URI: what the user wrote, or the pinned reference.

    Raises:
        SourceError: InternalError: the variable is not set, or a number is none.
    """
    uri = environ.get(uri_variable, "")
    if not uri:
        raise internal(f"{uri_variable} is not set; it must hold the model's URI.")
    variant = environ.get(contract.ENV_MODEL_VARIANT) or AUTO
    seconds = environ.get(ENV_RETRY_SECONDS) or "60"
    try:
        patience = Patience(budget=float(seconds))
    except ValueError as error:
        raise internal(f"{ENV_RETRY_SECONDS} must be a number of seconds, not {seconds!r}.") from error
    return Settings(
        uri=uri,
        digest=environ.get(contract.ENV_MODEL_DIGEST) or None,
        task=environ.get(contract.ENV_MODEL_TASK) or None,
        variant=variant,
        model_dir=Path(environ.get(contract.ENV_MODEL_DIR) or contract.MODEL_DIR),
        context=StoreContext(
            environ=environ,
            variant=variant,
            pvc_mount=Path(environ.get(ENV_PVC_MOUNT) or contract.PVC_MOUNT),
            allow_http=environ.get(ENV_ALLOW_HTTP, "").lower() == "true",
        ),
        patience=patience,
    )
