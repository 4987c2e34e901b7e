"""Changing an artifact's `modelyard.json` and leaving what it does not understand as it was written."""

import json
import os
from pathlib import Path
from typing import Any

from modelyard_cli.errors import CliError
from modelyard_server.artifact.manifest import MANIFEST_FILE, ManifestError, parse_manifest


def read(directory: Path) -> dict[str, Any]:
    """Read the file; an empty document where there is none.

    Raises:
        CliError: It does not fit its schema.
    """
    path = directory / MANIFEST_FILE
    if not path.is_file():
        return {}
    text = path.read_bytes()
    try:
        parse_manifest(text)
    except ManifestError as error:
        raise CliError(f"{path}: {error}") from None
    document: dict[str, Any] = json.loads(text)
    return document


def write(directory: Path, document: dict[str, Any]) -> Path:
    """Replace the file at once, if the document fits the schema.

    Raises:
        CliError: It does not, or the folder can't be written.
    """
    path = directory / MANIFEST_FILE
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    try:
        parse_manifest(text.encode())
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        fresh.write_text(text)
        fresh.replace(path)
    except ManifestError as error:
        raise CliError(f"{path} would not fit its schema any more: {error}") from None
    except OSError as error:
        raise CliError(f"{path} can't be written: {error.strerror}") from None
    return path
