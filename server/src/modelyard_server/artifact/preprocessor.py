"""Hugging Face's `preprocessor_config.json`: how a model's framework prepares pictures.

https://huggingface.co/docs/transformers/main_classes/image_processor
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from modelyard_server.artifact.huggingface import read_json

PREPROCESSOR_FILE: Final = "preprocessor_config.json"


def read_preprocessor(directory: Path) -> Mapping[str, Any] | None:
    """Read a directory's file; None: there is none.

    Raises:
        HuggingFaceFileError: It is not a JSON object.
    """
    path = directory / PREPROCESSOR_FILE
    return read_json(path) if path.is_file() else None
