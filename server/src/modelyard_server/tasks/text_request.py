"""Requests with texts, `{"text": [...]}`: read fast where they are right, explained where they are not."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter
from pydantic_core import PydanticCustomError

from modelyard_server.errors import InvalidRequestError
from modelyard_server.tasks.base import Limits
from modelyard_server.tasks.body import check_count
from modelyard_server.tasks.explain import validate_body
from modelyard_server.tasks.v2 import V2Request

EXAMPLE: Final = {"text": ["Welcome to the project!", "You are awesome", "what a boring film"]}
_MEND = 'send {"text": ["one string", "another"]}'


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    text: list[str]


_decoder = msgspec.json.Decoder(_Body)


class TextReader:
    """Reads and checks the texts of requests.

    Args:
        limits: What one request may hold.
        max_length: Tokens that the model reads of a text.
    """

    def __init__(self, limits: Limits, max_length: int) -> None:
        self._limits = limits
        self._max_length = max_length
        self._model = _model(limits)

    def read(self, body: bytes) -> list[str]:
        """Read a body's texts.

        Raises:
            InvalidRequestError: Naming the field and the mend.
        """
        try:
            texts = _decoder.decode(body).text
            self._check(texts, ("body", "text"))
        except (msgspec.DecodeError, UnicodeDecodeError, InvalidRequestError):
            texts = validate_body(body, self._model, _mend).text
        return texts

    def read_v2(self, request: V2Request) -> tuple[list[str], tuple[str | int, ...]]:
        """Read a BYTES tensor called `text` of shape [N] or [N, 1].

        Returns:
            The texts, and where they stand in the request.

        Raises:
            InvalidRequestError: Naming the field and the mend.
        """
        if set(request.inputs) != {"text"}:
            raise InvalidRequestError(
                ["body", "inputs"], "give one tensor, called 'text', of datatype BYTES and shape [N]"
            )
        tensor = request.inputs["text"]
        if tensor.datatype != "BYTES":
            raise InvalidRequestError([*tensor.loc, "datatype"], "the datatype of 'text' must be BYTES")
        shape = tensor.array.shape
        if len(shape) not in {1, 2} or (len(shape) == 2 and shape[1] != 1):
            raise InvalidRequestError([*tensor.loc, "shape"], "the shape of 'text' must be [N] or [N, 1]")
        loc = (*tensor.loc, "data")
        texts = [_text(value, (*loc, index)) for index, value in enumerate(tensor.array.ravel())]
        self._check(texts, loc)
        return texts, loc

    def _check(self, texts: Sequence[str], loc: tuple[str | int, ...]) -> None:
        if not texts:
            raise InvalidRequestError(loc, "the list is empty: give at least one text", "too_short")
        check_count(len(texts), self._limits, "texts", loc)
        limit = self._limits.max_item_bytes
        for index, text in enumerate(texts):
            if not text:
                raise InvalidRequestError(
                    [*loc, index], "the text is empty: leave it out", "string_too_short"
                )
            # A character has at most 4 bytes, so most texts need not be encoded to be let through.
            if len(text) * 4 > limit and len(text.encode()) > limit:
                raise InvalidRequestError(
                    [*loc, index],
                    f"the text has {len(text.encode()):,} bytes: send at most {limit:,}; the model reads "
                    f"only its first {self._max_length} tokens",
                    "string_too_long",
                )


def text_schema(limits: Limits) -> dict[str, Any]:
    """JSON Schema of the body."""
    return {
        "type": "object",
        "required": ["text"],
        "additionalProperties": False,
        "properties": {
            "text": {
                "type": "array",
                "items": {"type": "string", "minLength": 1},
                "minItems": 1,
                "maxItems": limits.max_items,
            }
        },
    }


def _text(value: bytes, loc: tuple[str | int, ...]) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequestError(loc, f"the text is not UTF-8: {error}", "string_unicode") from None


def _model(limits: Limits) -> TypeAdapter[Any]:
    def check(text: str) -> str:
        try:
            size = len(text.encode())
        except UnicodeEncodeError:
            raise PydanticCustomError("string_unicode", "Input should be a valid string") from None
        if size > limits.max_item_bytes:
            raise PydanticCustomError(
                "string_too_long",
                "String should have at most {max_length} bytes",
                {"max_length": limits.max_item_bytes},
            )
        return text

    entry = Annotated[str, Field(min_length=1), AfterValidator(check)]

    class Body(BaseModel):
        model_config = ConfigDict(extra="forbid")

        text: Annotated[list[entry], Field(min_length=1, max_length=limits.max_items)]

    return TypeAdapter(Body)


def _mend(kind: str, place: tuple[str | int, ...]) -> str:
    if kind == "extra_forbidden":
        return "write ?top_k= in the address" if place == ("top_k",) else "leave it out"
    return _MENDS.get(kind, "")


_MENDS: Final = {
    "missing": _MEND,
    "json_invalid": _MEND,
    "model_attributes_type": _MEND,
    "list_type": f"also for one string, {_MEND}",
    "string_type": "write it in quotes, or leave it out",
    "string_unicode": "an escape such as \\ud800 stands for half a character alone; leave it out",
    "string_too_short": "leave the empty text out",
    "string_too_long": "the model reads only the beginning of a long text; send a shorter one",
    "too_short": "give at least one text",
    "too_long": "send them in several requests",
}
