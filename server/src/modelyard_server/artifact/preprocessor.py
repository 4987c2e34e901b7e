"""Hugging Face's `preprocessor_config.json`: how a model's framework prepares pictures.

https://huggingface.co/docs/transformers/main_classes/image_processor
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelyard_server.artifact.huggingface import read_json


def read_preprocessor(path: Path) -> Mapping[str, Any] | None:
    """Read the file; None: there is none.

    Raises:
        HuggingFaceFileError: It is not a JSON object.
    """
    return read_json(path) if path.is_file() else None
