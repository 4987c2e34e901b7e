"""Requests with pictures: as JSON, as a form, or a picture's bytes alone."""

import base64
import binascii
import io
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from modelyard_server.errors import InvalidRequestError
from modelyard_server.tasks.base import Limits, Parsed, RemoteItem, Request
from modelyard_server.tasks.body import check_count
from modelyard_server.tasks.explain import validate_body
from modelyard_server.tasks.multipart import read_form
from modelyard_server.tasks.pictures.decode import Size
from modelyard_server.tasks.pictures.formats import LISTED, format_of
from modelyard_server.tasks.v2 import V2Request

Loc = tuple[str | int, ...]

_FIELD: Final = "image"
_LOC: Final[Loc] = ("body", _FIELD)
_MEND: Final = (
    'send {"image": ["<base64 of a picture>"]}, a form with files called image, or a picture itself'
)
_RAW_TYPES: Final = ("image/", "application/octet-stream")


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    image: list[str]


_decoder = msgspec.json.Decoder(_Body)


class PictureReader:
    """Reads and checks the pictures of requests; their pixels are nobody's business yet.

    Args:
        limits: What one request may hold.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._model = _model(limits)

    def read(self, request: Request, parameters: Any) -> Parsed:
        """Read a request's pictures.

        Args:
            request: The request.
            parameters: What it asks for besides, read already.

        Raises:
            InvalidRequestError: Naming the field and the mend.
        """
        kind = request.content_type.partition(";")[0].strip().lower()
        body = request.body
        if kind == "multipart/form-data":
            return self._parsed(self._read_form(request), parameters, _LOC)
        # curl --data-binary calls everything a form: what begins like a picture is one.
        if kind.startswith(_RAW_TYPES) or format_of(body) is not None:
            return self._parsed([body], parameters, _LOC)
        try:
            texts = _decoder.decode(body).image
            right = 0 < len(texts) <= self._limits.max_items and all(texts)
        except (msgspec.DecodeError, UnicodeDecodeError):
            right = False
        if not right:
            texts = validate_body(body, self._model, _mend).image
        values = [self._read_text(text, (*_LOC, index)) for index, text in enumerate(texts)]
        return self._parsed(values, parameters, _LOC)

    def read_v2(self, request: V2Request, parameters: Any) -> Parsed:
        """Read a BYTES tensor called `image` of shape [N] or [N, 1]: pictures, or their base64 or address.

        Raises:
            InvalidRequestError: Naming the field and the mend.
        """
        if set(request.inputs) != {_FIELD}:
            raise InvalidRequestError(
                ["body", "inputs"], f"give one tensor, called {_FIELD!r}, of datatype BYTES and shape [N]"
            )
        tensor = request.inputs[_FIELD]
        if tensor.datatype != "BYTES":
            raise InvalidRequestError([*tensor.loc, "datatype"], f"the datatype of {_FIELD!r} must be BYTES")
        shape = tensor.array.shape
        if len(shape) not in {1, 2} or (len(shape) == 2 and shape[1] != 1):
            raise InvalidRequestError(
                [*tensor.loc, "shape"], f"the shape of {_FIELD!r} must be [N] or [N, 1]"
            )
        loc = (*tensor.loc, "data")
        check_count(tensor.array.size, self._limits, "pictures", loc)
        values = [
            self._read_bytes(value, (*loc, index))
            for index, value in enumerate(tensor.array.ravel().tolist())
        ]
        return self._parsed(values, parameters, loc)

    def _read_form(self, request: Request) -> list[bytes | RemoteItem]:
        parts = read_form(
            request.body,
            request.content_type,
            lambda count: check_count(count, self._limits, "pictures", _LOC),
        )
        values: list[bytes | RemoteItem] = []
        for index, part in enumerate(parts):
            if part.name != _FIELD:
                raise InvalidRequestError(
                    ["body", part.name], f"there is no such field: call each file {_FIELD}", "extra_forbidden"
                )
            loc = (*_LOC, index)
            values.append(part.content if part.is_file else self._read_bytes(part.content, loc))
        return values

    def _read_bytes(self, value: bytes, loc: Loc) -> bytes | RemoteItem:
        """A picture as it is, or a text that stands for one; no format's first bytes are a text's."""
        if format_of(value) is not None:
            return value
        try:
            return self._read_text(value.decode("ascii"), loc)
        except UnicodeDecodeError:
            raise InvalidRequestError(loc, f"these bytes are no picture: send {LISTED}") from None

    def _read_text(self, text: str, loc: Loc) -> bytes | RemoteItem:
        if text.startswith(("http://", "https://")):
            if not self._limits.image_urls:
                raise InvalidRequestError(
                    loc,
                    "pictures are not fetched by their address here: send the picture itself, or have its "
                    "host written into spec.inputs.imageUrls.allow",
                    "url_forbidden",
                )
            return RemoteItem(text)
        if text.startswith("data:"):
            head, comma, text = text.partition(",")
            if not comma or not head.endswith(";base64"):
                raise InvalidRequestError(
                    loc, "a data: address must be written as data:image/png;base64,…", "base64_invalid"
                )
        return _from_base64(text, loc)

    def _parsed(self, values: Sequence[bytes | RemoteItem], parameters: Any, loc: Loc) -> Parsed:
        if not values:
            raise InvalidRequestError(loc, f"there is no picture: {_MEND}", "too_short")
        for index, value in enumerate(values):
            if not value:
                raise InvalidRequestError([*loc, index], "the picture is empty: leave it out", "too_short")
        remote = self._limits.image_urls and any(isinstance(value, RemoteItem) for value in values)
        return Parsed(values, parameters, loc, remote)


def example(size: Size) -> dict[str, Any]:
    """A body that works, with a picture of one colour."""
    return {_FIELD: [base64.b64encode(plain_picture(size)).decode()]}


def plain_picture(size: Size) -> bytes:
    """A PNG of one colour, of some width and height."""
    content = io.BytesIO()
    Image.new("RGB", size, (120, 130, 140)).save(content, "PNG")
    return content.getvalue()


def picture_schema(limits: Limits) -> dict[str, Any]:
    """JSON Schema of the body."""
    listed = "The base64 of a picture's file (a `data:` address is one too)"
    return {
        "type": "object",
        "required": [_FIELD],
        "additionalProperties": False,
        "properties": {
            _FIELD: {
                "type": "array",
                "items": {
                    "type": "string",
                    "minLength": 1,
                    "description": f"{listed}, or its http(s) address."
                    if limits.image_urls
                    else f"{listed}.",
                },
                "minItems": 1,
                "maxItems": limits.max_items,
            }
        },
    }


def other_bodies(limits: Limits) -> Mapping[str, Any]:
    """The other types of body that are read, for the documentation."""
    file = {"type": "string", "format": "binary"}
    return {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": [_FIELD],
                "properties": {
                    _FIELD: {"type": "array", "items": file, "minItems": 1, "maxItems": limits.max_items}
                },
            }
        },
        "image/*": {"schema": file},
    }


def _from_base64(text: str, loc: Loc) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        pass
    try:
        # Command-line tools break lines.
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidRequestError(
            loc, f"the string is no base64 of a picture ({error}): {_MEND}", "base64_invalid"
        ) from None


def _model(limits: Limits) -> TypeAdapter[Any]:
    entry = Annotated[str, Field(min_length=1)]

    class Body(BaseModel):
        model_config = ConfigDict(extra="forbid")

        image: Annotated[list[entry], Field(min_length=1, max_length=limits.max_items)]

    return TypeAdapter(Body)


def _mend(kind: str, place: tuple[str | int, ...]) -> str:  # noqa: ARG001 - one mend a kind
    return _MENDS.get(kind, "")


_MENDS: Final = {
    "missing": _MEND,
    "json_invalid": _MEND,
    "model_attributes_type": _MEND,
    "extra_forbidden": "parameters go into the address; leave it out",
    "list_type": f"also for one picture, {_MEND}",
    "string_type": "write the picture's base64 in quotes, or leave it out",
    "string_too_short": "leave the empty picture out",
    "too_short": "give at least one picture",
    "too_long": "send them in several requests",
}
