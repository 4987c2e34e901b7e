"""What the bodies of every task's requests have in common: an object of JSON, and not too many items."""

from typing import Any

import orjson

from modelyard_server.errors import InvalidRequestError
from modelyard_server.tasks.base import Limits


def read_object(body: bytes, mend: str) -> dict[str, Any]:
    """Read a body that is to be a JSON object.

    Args:
        body: As it came.
        mend: What to send instead, for the message.

    Raises:
        InvalidRequestError: It is not JSON, or another JSON value.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequestError(
            ["body"], f"the body is not JSON ({error}): {mend}", "json_invalid"
        ) from None
    if not isinstance(content, dict):
        raise InvalidRequestError(["body"], f"the body must be an object: {mend}", "dict_type")
    return content


def write_object(field: str, content: Any, name: str) -> bytes:
    """Write a body of one field, of what a client sent.

    Args:
        field: The field.
        content: What it holds.
        name: The field that the client sent it in, for the message.

    Raises:
        InvalidRequestError: It is nested too deeply: orjson reads 1,024 levels and writes 254.
    """
    try:
        return orjson.dumps({field: content})
    except TypeError:
        raise InvalidRequestError(
            ["body", name], "it is nested too deeply: send items as /predict takes them", "nested"
        ) from None


def parameter_text(value: Any) -> str:
    """A parameter as it stands in an address; one that can't stand there by its kind.

    Args:
        value: The parameter, of JSON.
    """
    # Python can't write what is nested too deeply.
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    return str(value)


def check_count(count: int, limits: Limits, items: str, loc: tuple[str | int, ...]) -> None:
    """Refuse more items than one request may hold.

    Args:
        count: How many there are.
        limits: How many there may be.
        items: What they are called, for the message.
        loc: Where they stand in the request.

    Raises:
        InvalidRequestError: There are too many.
    """
    if count > limits.max_items:
        raise InvalidRequestError(
            loc, f"{count:,} {items} are too many: send at most {limits.max_items:,} a request", "too_long"
        )
