"""Which files of a source are needed to serve it: a pure choice from names."""

import json
from collections.abc import Sequence
from typing import Any, Final

from modelyard_server.artifact.manifest import MANIFEST_FILE, Manifest, ManifestError, parse_manifest
from modelyard_server.artifact.onnx_files import AUTO, choose_onnx, external_data
from modelyard_server.artifact.sentence_transformers import (
    LENGTH_FILE,
    MODULES_FILE,
    POOLING_CONFIG,
    PROMPTS_FILE,
)
from modelyard_server.report import not_a_model

DESCRIPTION: Final = MANIFEST_FILE
CONFIG: Final = "config.json"
SMALL_FILE_LIMIT: Final = 1 << 20
"""Bytes that `modelyard.json` or `config.json` may have."""

_ALWAYS: Final = (
    DESCRIPTION,
    CONFIG,
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "preprocessor_config.json",
    MODULES_FILE,
    LENGTH_FILE,
    PROMPTS_FILE,
    # Where sentence-transformers puts the pooling layer unless a model has others before it.
    "1_Pooling/config.json",
)
_VOCABULARY: Final = (
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "added_tokens.json",
    "sentencepiece.bpe.model",
    "spiece.model",
    "tokenizer.model",
)


def needed_files(names: Sequence[str], variant: str, declared: str | None) -> list[str]:
    """Choose the files to fetch.

    Args:
        names: Every path of the source, relative to its root.
        variant: `auto` or a variant's name.
        declared: The ONNX file that `modelyard.json` names.

    Returns:
        The chosen ONNX file with its external data and the small files beside it, sorted. A vocabulary
        is wanted only where no `tokenizer.json` holds it already.

    Raises:
        SourceError: NotAModel.
    """
    present = set(names)
    model = choose_onnx(names, variant, declared)
    wanted = {model, *external_data(names, model), *(present & set(_ALWAYS))}
    wanted |= {name for name in names if POOLING_CONFIG.fullmatch(name)}
    if "tokenizer.json" not in present:
        wanted |= present & set(_VOCABULARY)
    return sorted(wanted)


def probed_names(variant: str) -> list[str]:
    """The names to ask a store for that can't list: all that `needed_files` might choose."""
    models = ["onnx/model.onnx", "model.onnx"]
    if variant != AUTO:
        models += [f"onnx/model_{variant}.onnx", f"model_{variant}.onnx", f"{variant}.onnx"]
        if variant.endswith(".onnx"):
            models.append(variant)
    return [*_ALWAYS, *_VOCABULARY, *models]


def read_object(text: bytes, name: str) -> dict[str, Any]:
    """Parse one of the artifact's JSON files.

    Raises:
        SourceError: NotAModel: it is not a JSON object; the message says where it breaks.
    """
    try:
        document = json.loads(text)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise not_a_model(f"{name} in the source is not valid JSON: {error}. Correct the file.") from error
    if not isinstance(document, dict):
        raise not_a_model(f"{name} in the source must hold a JSON object, not a {type(document).__name__}.")
    return document


def read_description(text: bytes) -> Manifest:
    """Parse `modelyard.json`.

    Raises:
        SourceError: NotAModel: it does not fit its schema.
    """
    try:
        return parse_manifest(text)
    except ManifestError as error:
        raise not_a_model(f"The source's {error}. Correct the file.") from error
