"""Where `serve` reads the artifact: what `fetch` laid down, or a source that is in place already."""

from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from modelyard_server import contract
from modelyard_server.report import SourceError

_PIN = "@sha256:"


def source_dir(uri: str | None, model_dir: Path, pvc_mount: Path = Path(contract.PVC_MOUNT)) -> Path:
    """Decide where a model is read.

    `file:` is a path inside the server's image, `pvc://CLAIM/PATH` is mounted read-only in place; every
    other source was fetched into `model_dir`. A pin (`@sha256:…`) is not part of the path.

    Args:
        uri: The pinned reference, or what the user wrote; None: whatever lies in `model_dir`.
        model_dir: Where `fetch` lays artifacts.
        pvc_mount: Where a claim is mounted.

    Returns:
        A directory, or one ONNX file.

    Raises:
        SourceError: InvalidURI, for a `file:` without a path or a path that leaves its claim.
    """
    if uri is None:
        return model_dir
    reference = uri.rpartition(_PIN)[0] or uri
    parts = urlsplit(reference)
    if parts.scheme == "pvc":
        path = PurePosixPath(unquote(parts.path).lstrip("/"))
        if ".." in path.parts:
            raise SourceError(
                contract.REASON_INVALID_URI, f"{uri}: a path in a claim must not hold '..'", permanent=True
            )
        return pvc_mount / path
    if parts.scheme == "file":
        path = PurePosixPath(unquote(parts.path))
        if parts.netloc or not path.is_absolute():
            raise SourceError(
                contract.REASON_INVALID_URI,
                f"{uri}: write file:///absolute/path, a path inside the server's image",
                permanent=True,
            )
        return Path(path)
    return model_dir
