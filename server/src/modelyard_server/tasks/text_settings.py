"""How an artifact's texts become tokens."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from modelyard_server.artifact.describe import Artifact
from modelyard_server.artifact.huggingface import TOKENIZER_FILE
from modelyard_server.artifact.onnx_files import listing
from modelyard_server.report import not_a_model

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


def text_settings(artifact: Artifact, max_length: int | None = None) -> TextSettings:
    """Read them.

    Args:
        artifact: What the directory holds.
        max_length: Most tokens of a text that a task's own files tell; None: they tell nothing.

    Raises:
        SourceError: NotAModel, there is no tokenizer.
    """
    tokenizer = artifact.place(TOKENIZER_FILE)
    if not tokenizer.is_file():
        raise not_a_model(
            f"{artifact.directory}: a model of texts needs {TOKENIZER_FILE}, which is missing; save it "
            "with a fast tokenizer (AutoTokenizer.from_pretrained(…, use_fast=True).save_pretrained(…)). "
            f"It holds {listing(artifact.names)}"
        )
    limits = [limit for limit in (max_length, artifact.files.max_length) if limit is not None]
    length = artifact.manifest.max_length or min(limits, default=None)
    if length is None:
        length = DEFAULT_MAX_LENGTH
        artifact.assumed.append(f"maxLength: {length} tokens, for no file limits a text's length")
    pad_id, pad_side = artifact.files.padding
    return TextSettings(tokenizer_file=tokenizer, max_length=length, pad_id=pad_id, pad_side=pad_side)
