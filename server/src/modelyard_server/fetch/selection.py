"""Which files of a source are needed to serve it: a pure choice from names."""

import json
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from modelyard_server.artifact.files_section import ModelFiles
from modelyard_server.artifact.huggingface import CONFIG_FILE, SMALL_FILES, TOKENIZER_FILE, nearest
from modelyard_server.artifact.manifest import MANIFEST_FILE, Manifest, ManifestError, parse_manifest
from modelyard_server.artifact.onnx_files import AUTO, choose_onnx, external_data, listed_files
from modelyard_server.artifact.sentence_transformers import (
    LENGTH_FILE,
    MODULES_FILE,
    POOLING_CONFIG,
    PROMPTS_FILE,
)
from modelyard_server.report import not_a_model

DESCRIPTION: Final = MANIFEST_FILE
CONFIG: Final = CONFIG_FILE
SMALL_FILE_LIMIT: Final = 1 << 20
"""Bytes that `modelyard.json` or `config.json` may have."""

_ALWAYS: Final = (
    DESCRIPTION,
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


def needed_files(
    names: Sequence[str], variant: str, declared: str | None, files: ModelFiles | None = None
) -> list[str]:
    """Choose the files to fetch.

    Args:
        names: Every path of the source, relative to its root.
        variant: `auto` or a variant's name.
        declared: The ONNX file that `modelyard.json` names.
        files: The forms that it lists; all of them may be chosen when the model is loaded, on whatever node
            that is, so all are needed.

    Returns:
        The chosen model's files with their external data and the small files, of the root or else beside
        the model, sorted. A vocabulary is wanted only where no `tokenizer.json` holds it already.

    Raises:
        SourceError: NotAModel.
    """
    present = set(names)
    models = {choose_onnx(names, variant, declared, files)}
    if files is not None:
        models.update(listed_files(names, variant, files))
    wanted = models | (present & set(_ALWAYS))
    for model in models:
        wanted.update(external_data(names, model))
        wanted |= present & {nearest(present, name, model) for name in SMALL_FILES}
    wanted |= {name for name in names if POOLING_CONFIG.fullmatch(name)}
    if not any(PurePosixPath(name).name == TOKENIZER_FILE for name in wanted):
        wanted |= present & set(_VOCABULARY)
    return sorted(wanted)


def probed_names(variant: str) -> list[str]:
    """The names to ask a store for that can't list: all that `needed_files` might choose."""
    models = ["onnx/model.onnx", "model.onnx"]
    if variant != AUTO:
        models += [f"onnx/model_{variant}.onnx", f"model_{variant}.onnx", f"{variant}.onnx"]
        if variant.endswith(".onnx"):
            models.append(variant)
    small = [f"{folder}{name}" for folder in ("", "onnx/") for name in SMALL_FILES]
    return [*_ALWAYS, *small, *_VOCABULARY, *models]


def declared_names(description: Manifest) -> list[str]:
    """The names besides that `modelyard.json` gives a store to ask for: its model's files."""
    models = description.files.listed() if description.files is not None else []
    if description.file is not None:
        models.append(description.file)
    weights = [str(PurePosixPath(name).with_suffix(".bin")) for name in models if name.endswith(".xml")]
    return list(dict.fromkeys([*models, *weights]))


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
