"""An image with nothing but k6, made without a registry and without a builder."""

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any


def k6_archive(program: Path, path: Path) -> str:
    """Write a docker archive.

    Args:
        program: k6, linked statically.
        path: The archive.

    Returns:
        The image's name.
    """
    layer = _tar({"usr/bin/k6": program.read_bytes()}, mode=0o755)
    digest = hashlib.sha256(layer).hexdigest()
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": ["/usr/bin/k6"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }
    name = f"localhost/modelyard-k6:{digest[:12]}"
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    path.write_bytes(
        _tar({"manifest.json": _json(manifest), "config.json": _json(config), "layer.tar": layer})
    )
    return name


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _tar(files: dict[str, bytes], mode: int = 0o644) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, data in files.items():
            about = tarfile.TarInfo(name)
            about.size, about.mode = len(data), mode
            archive.addfile(about, io.BytesIO(data))
    return content.getvalue()
