"""Texts as the tensors of a transformer: what every task on texts shares."""

from collections.abc import Sequence

import numpy as np
from tokenizers import Encoding, Tokenizer

from modelyard_server.engines.base import Array, Tensors, TensorSpec
from modelyard_server.report import not_a_model
from modelyard_server.tasks.base import Item, Prepared
from modelyard_server.tasks.text_settings import TextSettings

# Memory is grown by texts of about a paragraph: what the longest takes stays allocated (60 MiB more with a
# DistilBERT), and a start would wait a second for it.
_WARM_UP_WORDS = 64
_INPUTS = frozenset({"input_ids", "attention_mask", "token_type_ids", "position_ids"})


class NoTextModelError(ValueError):
    """The model can't be fed from texts; the message says why."""


class TextEncoder:
    """Tokenizes, truncates and pads.

    Args:
        text: How texts become tokens.
        tokenizer: Already set to truncate.
        inputs: The model's, all of shape [batch, tokens].

    Attributes:
        max_length: Most tokens of a text, special ones included.
        fixed_batch: The only batch size that the model takes; None: any.
    """

    def __init__(self, text: TextSettings, tokenizer: Tokenizer, inputs: Sequence[TensorSpec]) -> None:
        self._text = text
        self._tokenizer = tokenizer
        self._inputs = {spec.name: spec.dtype for spec in inputs}
        self.max_length = text.max_length
        self.fixed_batch, self._fixed_length = _shape(inputs)

    @staticmethod
    def warm_up_texts() -> tuple[str, str]:
        """A short text and one of about a paragraph."""
        return "a", "warm up " * _WARM_UP_WORDS

    def prepare(self, items: Sequence[Item], texts: Sequence[str]) -> list[Prepared]:
        """Turn each item's text into tokens, truncated and not padded. Blocks."""
        encodings = self._tokenizer.encode_batch_fast(texts)
        return [
            Prepared(item, encoding, len(encoding), bool(encoding.overflowing))
            for item, encoding in zip(items, encodings, strict=True)
        ]

    def span(self, count: int, length: int) -> slice:
        """Where a text's tokens stand in a row.

        Args:
            count: How many they are.
            length: Length of the row.
        """
        return slice(length - count, length) if self._text.pad_side == "left" else slice(0, count)

    def collate(self, batch: Sequence[Prepared]) -> Tensors:
        """Put texts together to tensors as long as the longest of them."""
        encodings: list[Encoding] = [prepared.payload for prepared in batch]
        length = self._fixed_length or max(len(encoding) for encoding in encodings)
        shape = (len(encodings), length)
        spans = [self.span(len(encoding), length) for encoding in encodings]
        ids = np.full(shape, self._text.pad_id, dtype=np.int64)
        mask = np.zeros(shape, dtype=np.int64)
        for row, (encoding, span) in enumerate(zip(encodings, spans, strict=True)):
            ids[row, span] = encoding.ids
            mask[row, span] = 1
        feeds: dict[str, Array] = {"input_ids": ids, "attention_mask": mask}
        if "token_type_ids" in self._inputs:
            types = feeds["token_type_ids"] = np.zeros(shape, dtype=np.int64)
            for row, (encoding, span) in enumerate(zip(encodings, spans, strict=True)):
                types[row, span] = encoding.type_ids
        if "position_ids" in self._inputs:
            feeds["position_ids"] = np.maximum(mask.cumsum(axis=1) - 1, 0)
        return {name: feeds[name].astype(dtype, copy=False) for name, dtype in self._inputs.items()}


def open_encoder(text: TextSettings, inputs: Sequence[TensorSpec]) -> TextEncoder:
    """Open the tokenizer of a model with these inputs.

    Raises:
        NoTextModelError: The model takes something else than tokens.
        SourceError: NotAModel, the file is no tokenizer.
    """
    names = {spec.name for spec in inputs}
    if "input_ids" not in names or names - _INPUTS:
        raise NoTextModelError(
            f"it takes {sorted(names)}, and only {sorted(_INPUTS)} can be made from a text"
        )
    if any(len(spec.shape) != 2 for spec in inputs):
        raise NoTextModelError("its inputs must have the shape [batch, tokens]")
    try:
        tokenizer = Tokenizer.from_file(str(text.tokenizer_file))
    except Exception as error:  # the library raises plain Exception
        raise not_a_model(f"{text.tokenizer_file}: not a tokenizer: {error}") from error
    _, fixed = _shape(inputs)
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length=min(text.max_length, fixed or text.max_length))
    return TextEncoder(text, tokenizer, inputs)


def _shape(inputs: Sequence[TensorSpec]) -> tuple[int | None, ...]:
    return next(spec.shape for spec in inputs if spec.name == "input_ids")
