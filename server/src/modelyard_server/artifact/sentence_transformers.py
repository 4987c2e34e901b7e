"""What sentence-transformers' own files say: which layers follow the transformer.

`modules.json` lists a model's layers and the folder of each; a folder's `config.json` holds its settings
(https://sbert.net/docs/package_reference/sentence_transformer/modules.html). Both the names that version 6
writes and the older ones are read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from modelyard_server.artifact.embedding_section import Pooling
from modelyard_server.artifact.huggingface import HuggingFaceFileError, read_json, read_json_list

MODULES_FILE: Final = "modules.json"
PROMPTS_FILE: Final = "config_sentence_transformers.json"
LENGTH_FILE: Final = "sentence_bert_config.json"
POOLING_CONFIG: Final = re.compile(r"[0-9]+_Pooling/config\.json")
"""Path of the settings of a pooling layer."""

# Ordered as their vectors are put together where several are set.
_FLAGS: Final = {
    "pooling_mode_cls_token": Pooling.CLS,
    "pooling_mode_max_tokens": Pooling.MAX,
    "pooling_mode_mean_tokens": Pooling.MEAN,
    "pooling_mode_mean_sqrt_len_tokens": Pooling.MEAN_SQRT_LEN,
    "pooling_mode_weightedmean_tokens": Pooling.WEIGHTED_MEAN,
    "pooling_mode_lasttoken": Pooling.LAST,
}
_IDLE: Final = frozenset({"Transformer", "Dropout"})


@dataclass(frozen=True, slots=True)
class SentenceFiles:
    """The files' content.

    Attributes:
        pooling: How tokens' vectors become one, several vectors being put together; None: nothing says.
        normalize: Whether a layer scales vectors to length 1; None: there is no list of layers.
        layers: Layers with weights that follow the transformer: what an ONNX file of the transformer alone
            lacks.
        max_length: Most tokens of a text; None: nothing says.
        lower: Whether texts are lowercased.
        prompts: What goes before a text, by name; empty ones left out.
        default_prompt: The prompt of texts that name none; empty: none.
        pool_prompt: Whether the prompt's tokens are pooled too.
    """

    pooling: tuple[Pooling, ...] | None = None
    normalize: bool | None = None
    layers: tuple[str, ...] = ()
    max_length: int | None = None
    lower: bool = False
    prompts: Mapping[str, str] = field(default_factory=dict)
    default_prompt: str = ""
    pool_prompt: bool = True


def read_sentence_files(directory: Path) -> SentenceFiles:
    """Read what a directory holds of them.

    Raises:
        HuggingFaceFileError: A file is broken, or names a pooling that there is not.
    """
    modules = [entry for entry in read_json_list(directory / MODULES_FILE) if isinstance(entry, dict)]
    kinds = [str(entry.get("type", "")).rpartition(".")[2] for entry in modules]
    pooling: Mapping[str, Any] = {}
    if "Pooling" in kinds:
        path = str(modules[kinds.index("Pooling")].get("path", ""))
        if not POOLING_CONFIG.fullmatch(f"{path}/config.json"):
            raise HuggingFaceFileError(f"{MODULES_FILE}: Pooling has the folder {path!r}, not N_Pooling")
        pooling = read_json(directory / path / "config.json")
    length = read_json(directory / LENGTH_FILE)
    saved = read_json(directory / PROMPTS_FILE)
    prompts = {str(name): str(text) for name, text in (saved.get("prompts") or {}).items() if text}
    max_length = length.get("max_seq_length")
    return SentenceFiles(
        pooling=_pooling(pooling) if "Pooling" in kinds else None,
        normalize="Normalize" in kinds if modules else None,
        layers=tuple(kind for kind in kinds if kind not in {*_IDLE, "Pooling", "Normalize"}),
        max_length=max_length if isinstance(max_length, int) and max_length > 0 else None,
        lower=length.get("do_lower_case") is True,
        prompts=prompts,
        default_prompt=prompts.get(str(saved.get("default_prompt_name")), ""),
        pool_prompt=pooling.get("include_prompt") is not False,
    )


def _pooling(config: Mapping[str, Any]) -> tuple[Pooling, ...]:
    named = config.get("pooling_mode")
    if named is None:
        # As sentence-transformers: a layer that names none takes the mean.
        return tuple(mode for flag, mode in _FLAGS.items() if config.get(flag) is True) or (Pooling.MEAN,)
    names = [named] if isinstance(named, str) else named
    try:
        return tuple(Pooling(name) for name in names)
    except (ValueError, TypeError):
        raise HuggingFaceFileError(
            f"the pooling layer's config.json names the mode {named!r}; there is {', '.join(Pooling)}"
        ) from None
