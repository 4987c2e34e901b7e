"""Describe an artifact: from the resource, `modelyard.json`, its own files, then defaults, in this order."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from modelyard_server import contract
from modelyard_server.artifact.huggingface import (
    TOKENIZER_FILE,
    HuggingFaceFileError,
    HuggingFaceFiles,
    read_files,
)
from modelyard_server.artifact.manifest import (
    Activation,
    Manifest,
    ManifestError,
    read_manifest,
)
from modelyard_server.artifact.onnx_files import choose_onnx, listing
from modelyard_server.report import SourceError, not_a_model

ENGINE = "onnxruntime"
TEXT_CLASSIFICATION = "text-classification"
TENSOR = "tensor"
DEFAULT_MAX_LENGTH = 512


@dataclass(frozen=True, slots=True)
class TextSettings:
    """How texts become tokens.

    Attributes:
        tokenizer_file: A `tokenizer.json`.
        max_length: Most tokens of a text, special ones included.
        pad_id: Token that fills a batch's shorter texts.
        pad_side: Where it goes.
    """

    tokenizer_file: Path
    max_length: int
    pad_id: int
    pad_side: Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a directory holds.

    Attributes:
        task: Name of the task.
        model_file: The ONNX file.
        variant: Which of the artifact's variants that is, by its file's name; `default` for `model.onnx`.
        labels: The classes' names; None: nothing says.
        activation: How outputs become scores.
        threshold: Labels below it are left out; None: none are.
        top_k: How many labels an answer holds; None: all.
        text: How texts become tokens; None for other tasks.
        defaults: What nothing said and was therefore assumed, one sentence each, for the log.
    """

    task: str
    model_file: Path
    variant: str
    labels: tuple[str, ...] | None
    activation: Activation
    threshold: float | None
    top_k: int | None
    text: TextSettings | None
    defaults: tuple[str, ...]


def describe(source: Path, task: str | None = None, variant: str = "auto") -> Artifact:
    """Describe what a directory (or one ONNX file) holds.

    Args:
        source: Directory of the artifact, or its ONNX file.
        task: What the resource says; None: nothing.
        variant: What the resource says; `auto` picks.

    Raises:
        SourceError: NotAModel, naming what was looked for, or NotFound.
    """
    if not source.exists():
        raise SourceError(
            contract.REASON_NOT_FOUND, f"{source}: there is no such file or directory", permanent=True
        )
    directory = source.parent if source.is_file() else source
    try:
        manifest = read_manifest(directory)
        files = read_files(directory)
        model_file = source if source.is_file() else _model_file(directory, manifest, variant)
        return _described(directory, model_file, task, manifest, files)
    except (ManifestError, HuggingFaceFileError) as error:
        raise not_a_model(f"{directory}: {error}. {_inventory(directory)}") from None


def _model_file(directory: Path, manifest: Manifest, variant: str) -> Path:
    names = [path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()]
    return directory / choose_onnx(names, variant, manifest.file)


def _described(
    directory: Path, model_file: Path, task: str | None, manifest: Manifest, files: HuggingFaceFiles
) -> Artifact:
    defaults: list[str] = []
    chosen = task or manifest.task
    if chosen is None:
        chosen = TEXT_CLASSIFICATION if files.is_sequence_classifier else TENSOR
        if chosen == TENSOR:
            defaults.append(
                "task: tensor, for neither the resource nor modelyard.json names one and config.json "
                "names no sequence classifier"
            )
    text = _text_settings(directory, manifest, files, defaults) if chosen == TEXT_CLASSIFICATION else None
    return Artifact(
        task=chosen,
        model_file=model_file,
        variant=_variant_of(model_file),
        labels=tuple(manifest.labels) if manifest.labels else files.labels,
        activation=manifest.activation or _activation(files),
        threshold=manifest.threshold,
        top_k=manifest.top_k,
        text=text,
        defaults=tuple(defaults),
    )


def _text_settings(
    directory: Path, manifest: Manifest, files: HuggingFaceFiles, defaults: list[str]
) -> TextSettings:
    tokenizer = directory / TOKENIZER_FILE
    if not tokenizer.is_file():
        raise HuggingFaceFileError(
            f"text-classification needs {TOKENIZER_FILE}, which is not there; save it with a fast tokenizer "
            "(AutoTokenizer.from_pretrained(…, use_fast=True).save_pretrained(…))"
        )
    max_length = manifest.max_length or files.max_length
    if max_length is None:
        max_length = DEFAULT_MAX_LENGTH
        defaults.append(f"maxLength: {max_length} tokens, for no file limits a text's length")
    pad_id, pad_side = files.padding
    return TextSettings(tokenizer_file=tokenizer, max_length=max_length, pad_id=pad_id, pad_side=pad_side)


def _activation(files: HuggingFaceFiles) -> Activation:
    # As transformers' TextClassificationPipeline chooses.
    if files.problem_type == "regression":
        return Activation.NONE
    if files.problem_type == "multi_label_classification" or (files.labels and len(files.labels) == 1):
        return Activation.SIGMOID
    return Activation.SOFTMAX


def _inventory(directory: Path) -> str:
    names = [path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()]
    return f"It holds {listing(names)}"


def _variant_of(model_file: Path) -> str:
    """The variant that a file's name carries: `int8` of model_int8.onnx, `default` of model.onnx."""
    stem = model_file.stem
    return "default" if stem == "model" else stem.removeprefix("model_")
