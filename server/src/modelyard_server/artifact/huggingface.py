"""What a Hugging Face repository's own files say about its model.

`config.json` and `tokenizer_config.json` are described at
https://huggingface.co/docs/transformers/main_classes/configuration and
https://huggingface.co/docs/tokenizers/api/tokenizer; only what serving needs is read.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

CONFIG_FILE = "config.json"
TOKENIZER_FILE = "tokenizer.json"
TOKENIZER_CONFIG_FILE = "tokenizer_config.json"
PREPROCESSOR_FILE = "preprocessor_config.json"
SMALL_FILES = (
    CONFIG_FILE,
    TOKENIZER_FILE,
    TOKENIZER_CONFIG_FILE,
    "special_tokens_map.json",
    PREPROCESSOR_FILE,
)
"""What a repository keeps at its root, or beside its model: see `nearest`."""

# transformers writes 10**30 for "no limit known".
_NO_LIMIT = 1_000_000
# These models start positions after the padding index, so two of max_position_embeddings are no tokens.
_OFFSET_POSITIONS = frozenset(
    {"roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "mpnet", "longformer"}
)


class HuggingFaceFileError(ValueError):
    """A file of the repository can't be read; the message names it."""


@dataclass(frozen=True, slots=True)
class HuggingFaceFiles:
    """The parsed files; empty mappings where a file is absent."""

    config: Mapping[str, Any]
    tokenizer_config: Mapping[str, Any]
    tokenizer: Mapping[str, Any]

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The classes' names by index, from `id2label`."""
        id2label = self.config.get("id2label")
        if not isinstance(id2label, dict) or not id2label:
            return None
        try:
            by_index = {int(index): str(label) for index, label in id2label.items()}
        except ValueError:
            raise HuggingFaceFileError(f"{CONFIG_FILE}: id2label must have numbers as keys") from None
        if sorted(by_index) != list(range(len(by_index))):
            raise HuggingFaceFileError(f"{CONFIG_FILE}: id2label must number its labels 0, 1, 2, …")
        return tuple(by_index[index] for index in range(len(by_index)))

    @property
    def problem_type(self) -> str | None:
        """`single_label_classification`, `multi_label_classification`, `regression` or None."""
        return self.config.get("problem_type")

    @property
    def max_length(self) -> int | None:
        """Most tokens that tokenizer and position embeddings allow; None: nothing says."""
        limits = []
        length = self.tokenizer_config.get("model_max_length")
        if isinstance(length, (int, float)) and 0 < length < _NO_LIMIT:
            limits.append(int(length))
        positions = self.config.get("max_position_embeddings")
        if isinstance(positions, int) and positions > 2:
            offset = 2 if self.config.get("model_type") in _OFFSET_POSITIONS else 0
            limits.append(positions - offset)
        return min(limits) if limits else None

    @property
    def padding(self) -> tuple[int, Literal["left", "right"]]:
        """Id of the padding token and the side it goes to; attention masks make a wrong id harmless."""
        saved = self.tokenizer.get("padding") or {}
        side = str(saved.get("direction") or self.tokenizer_config.get("padding_side") or "right").lower()
        pad_id = saved.get("pad_id")
        if not isinstance(pad_id, int):
            pad_id = self.config.get("pad_token_id")
        if not isinstance(pad_id, int):
            pad_id = self._id_of(_token_text(self.tokenizer_config.get("pad_token")))
        return pad_id or 0, "left" if side == "left" else "right"

    def _id_of(self, token: str | None) -> int | None:
        for added in self.tokenizer.get("added_tokens") or []:
            if added.get("content") == token:
                return int(added["id"])
        return None


def nearest(names: Collection[str], name: str, model: str) -> str:
    """Where a repository keeps one of its small files: at its root, else beside the model.

    Repositories whose ONNX form was added later have in `onnx/` what the root lacks, above all
    `tokenizer.json`.

    Args:
        names: Paths of the repository's files, relative to its root, with `/`.
        name: The file's.
        model: Path of the chosen model, one of `names`.

    Returns:
        One of `names`, or `name` where neither is there.
    """
    beside = str(PurePosixPath(model).parent / name)
    return beside if name not in names and beside in names else name


def read_files(place: Callable[[str], Path]) -> HuggingFaceFiles:
    """Read a repository's files.

    Args:
        place: Where a file of that name is, or would be.

    Raises:
        HuggingFaceFileError: A file is not JSON.
    """
    return HuggingFaceFiles(
        config=read_json(place(CONFIG_FILE)),
        tokenizer_config=read_json(place(TOKENIZER_CONFIG_FILE)),
        # Its vocabulary can be tens of megabytes: only the few keys used here are kept.
        tokenizer={
            key: value
            for key, value in read_json(place(TOKENIZER_FILE)).items()
            if key in {"padding", "truncation", "added_tokens"}
        },
    )


def read_json(path: Path) -> Mapping[str, Any]:
    """Read a file that holds a JSON object; empty where there is no file.

    Raises:
        HuggingFaceFileError: It holds something else.
    """
    content = _content(path, "object", {})
    if not isinstance(content, dict):
        raise HuggingFaceFileError(f"{path.name} is not a JSON object")
    return content


def read_json_list(path: Path) -> Sequence[Any]:
    """Read a file that holds a JSON list; empty where there is no file.

    Raises:
        HuggingFaceFileError: It holds something else.
    """
    content = _content(path, "list", [])
    if not isinstance(content, list):
        raise HuggingFaceFileError(f"{path.name} is not a JSON list")
    return content


def _content(path: Path, kind: str, absent: Any) -> Any:
    if not path.is_file():
        return absent
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise HuggingFaceFileError(f"{path.name} is not a JSON {kind}: {error}") from None


def _token_text(token: object) -> str | None:
    if isinstance(token, dict):
        token = token.get("content")
    return token if isinstance(token, str) else None
