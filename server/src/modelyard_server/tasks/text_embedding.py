"""Texts in, vectors out: any ONNX encoder with a `tokenizer.json`, sentence-transformers' first of all."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from modelyard_server.artifact.describe import Artifact
from modelyard_server.artifact.sentence_transformers import read_sentence_files
from modelyard_server.engines.base import Array, EngineError, Signature, Tensors
from modelyard_server.errors import InvalidRequestError
from modelyard_server.report import not_a_model
from modelyard_server.tasks.base import Answer, Item, Limits, Parsed, Prepared, Request
from modelyard_server.tasks.embedding_pooling import normalized, pool
from modelyard_server.tasks.embedding_settings import EmbeddingSettings, embedding_settings
from modelyard_server.tasks.openapi import predict_operation
from modelyard_server.tasks.text_encoder import NoTextModelError, TextEncoder, open_encoder
from modelyard_server.tasks.text_request import EXAMPLE, TextReader, text_schema
from modelyard_server.tasks.text_settings import text_settings
from modelyard_server.tasks.v2 import V2Request, V2Tensor


class TextEmbedding:
    """The task; see `tasks.base.Task` for its methods.

    Args:
        encoder: Makes tokens of texts.
        settings: How they become vectors.
        width: Numbers of a vector; None: the model does not say.
        limits: What one request may hold.
    """

    def __init__(
        self, encoder: TextEncoder, settings: EmbeddingSettings, width: int | None, limits: Limits
    ) -> None:
        self._encoder = encoder
        self._settings = settings
        self._width = width
        self._limits = limits
        self._reader = TextReader(limits, encoder.max_length)
        self.fixed_batch = encoder.fixed_batch

    # --- requests ---------------------------------------------------------------------------------
    def parse(self, request: Request) -> Parsed:
        """Read `{"text": [...]}`."""
        texts = self._reader.read(request.body)
        return Parsed(texts, self._prompt(request.query, ("query",)), ("body", "text"))

    def parse_v2(self, request: V2Request) -> Parsed:
        """Read a BYTES tensor called `text` of shape [N] or [N, 1]."""
        texts, loc = self._reader.read_v2(request)
        return Parsed(texts, self._prompt(request.parameters, ("body", "parameters")), loc)

    def _prompt(self, given: Mapping[str, Any], loc: tuple[str, ...]) -> str:
        """The text of the prompt that a request names."""
        if not given:
            return self._settings.default_prompt
        prompts = self._settings.prompts
        there = f"the model has {', '.join(sorted(prompts)) or 'none'}"
        for name in given:
            if name != "prompt":
                raise InvalidRequestError(
                    [*loc, name], f"there is no parameter {name!r}; there is prompt", "extra_forbidden"
                )
        name = given["prompt"]
        if not isinstance(name, str):
            raise InvalidRequestError([*loc, "prompt"], f"must be a string, a prompt's name: {there}")
        if name not in prompts:
            raise InvalidRequestError([*loc, "prompt"], f"there is no such prompt: {there}")
        return prompts[name]

    # --- cache keys -------------------------------------------------------------------------------
    def canonical(self, value: str) -> bytes:
        """The text's UTF-8 bytes."""
        return value.encode()

    def canonical_parameters(self, parameters: str) -> bytes:
        """The prompt's text."""
        return parameters.encode()

    # --- tensors ----------------------------------------------------------------------------------
    def prepare(self, items: Sequence[Item]) -> list[Prepared]:
        """Put the prompt before each text, tokenize and truncate."""
        texts = [(item.parameters or "") + item.value for item in items]
        return self._encoder.prepare(
            items, [text.lower() for text in texts] if self._settings.lower else texts
        )

    def collate(self, batch: Sequence[Prepared]) -> Tensors:
        """Pad to the longest of the batch."""
        return self._encoder.collate(batch)

    def decode(self, batch: Sequence[Prepared], outputs: Mapping[str, Array]) -> list[Answer]:
        """Pool and normalise."""
        output = outputs[self._settings.output]
        if len(output) != len(batch):
            raise EngineError(
                f"output {self._settings.output!r} has the shape {list(output.shape)} for a batch of "
                f"{len(batch)}: its first dimension must be the batch"
            )
        vectors = output if self._settings.pooled else self._pooled(batch, output)
        vectors = vectors.astype(np.float32, copy=False)
        if self._settings.normalize:
            vectors = normalized(vectors)
        return [
            Answer(orjson.dumps(vector, option=orjson.OPT_SERIALIZE_NUMPY), prepared.truncated)
            for vector, prepared in zip(np.ascontiguousarray(vectors), batch, strict=True)
        ]

    def _pooled(self, batch: Sequence[Prepared], tokens: Array) -> Array:
        length = tokens.shape[1]
        return np.stack(
            [
                pool(
                    row[self._encoder.span(prepared.size, length)].astype(np.float32, copy=False),
                    self._settings.pooling,
                )
                for row, prepared in zip(tokens, batch, strict=True)
            ]
        )

    # --- answers and documentation ------------------------------------------------------------------
    def outputs_v2(self, answers: Sequence[Answer]) -> list[V2Tensor]:
        """One tensor `embedding` FP32 [N, width]."""
        rows = [orjson.loads(answer.fragment) for answer in answers]
        return [V2Tensor("embedding", np.array(rows, dtype=np.float32))]

    def metadata_v2(self) -> dict[str, list[dict[str, Any]]]:
        """One tensor of texts in, one of vectors out."""
        return {
            "inputs": [{"name": "text", "datatype": "BYTES", "shape": [-1]}],
            "outputs": [{"name": "embedding", "datatype": "FP32", "shape": [-1, self._width or -1]}],
        }

    def warm_up(self) -> Sequence[Item]:
        """See `TextEncoder.warm_up_texts`."""
        prompt = self._settings.default_prompt
        return [Item(text, prompt) for text in self._encoder.warm_up_texts()]

    def openapi(self) -> dict[str, Any]:
        """`POST /predict` with texts."""
        width = f"{self._width} numbers" if self._width else "numbers"
        scaled = ", of length 1" if self._settings.normalize else ""
        prompts = self._settings.prompts
        return predict_operation(
            summary="Embed texts",
            description=(
                f"Gives each text's vector of {width}{scaled}. At most {self._limits.max_items:,} texts; of "
                f"each the first {self._encoder.max_length} tokens."
            ),
            request_schema=text_schema(self._limits),
            request_examples={"texts": EXAMPLE},
            entry_schema={
                "type": "array",
                "items": {"type": "number"},
                **({"minItems": self._width, "maxItems": self._width} if self._width else {}),
            },
            answer_example={"predictions": [[0.012345] * min(self._width or 3, 3)]},
            query=[
                {
                    "name": "prompt",
                    "in": "query",
                    "required": False,
                    "description": "What goes before each text, by its name in the model's files.",
                    "schema": {"type": "string", "enum": sorted(prompts)},
                }
            ]
            if prompts
            else [],
        )


def build(artifact: Artifact, signature: Signature, limits: Limits) -> TextEmbedding:
    """Build the task and check that the model is one.

    Raises:
        SourceError: NotAModel, for a model with other inputs or outputs than an encoder's.
        HuggingFaceFileError: A file of the artifact is broken.
    """
    files = read_sentence_files(artifact.directory)
    try:
        encoder = open_encoder(text_settings(artifact, files.max_length), signature.inputs)
    except NoTextModelError as error:
        raise not_a_model(
            f"{artifact.model_file}: the model is no text-embedding model: {error}; "
            "set spec.model.task if it is a model of another task"
        ) from None
    settings = embedding_settings(artifact, files, signature.outputs)
    width = next(spec.shape[-1] for spec in signature.outputs if spec.name == settings.output)
    modes = 1 if settings.pooled else len(settings.pooling)
    return TextEmbedding(encoder, settings, width and width * modes, limits)
