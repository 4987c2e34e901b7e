"""What is wrong with a body, told exactly as a FastAPI application with a pydantic model would tell it.

Requests that are right are read by faster means; this is for those that are not. Status, `type`, `loc`,
`input` and `ctx` of every fault are FastAPI's; `msg` begins with pydantic's words and goes on with the mend.
"""

import json
from collections.abc import Callable
from typing import Any, Final

import orjson
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from modelyard_server.errors import InvalidRequestError

MAX_FAULTS: Final = 100
"""Faults that are told of one request."""
_MAX_INPUT_BYTES: Final = 1000
_MAX_NAME: Final = 200

Mend = Callable[[str, tuple[str | int, ...]], str]
"""How to mend a fault, from its type and where it is in the body; empty: pydantic's words say it."""


def validate_body(body: bytes, adapter: TypeAdapter[Any], mend: Mend) -> Any:
    """Validate a JSON body.

    Args:
        body: As it came.
        adapter: The body's model.
        mend: Tells how to mend a fault.

    Raises:
        InvalidRequestError: With an entry a fault.
    """
    try:
        return adapter.validate_python(_read(body, mend), from_attributes=True)
    except ValidationError as error:
        faults = [_fault(detail, mend) for detail in error.errors(include_url=False)[:MAX_FAULTS]]
    raise _refused(faults)


def _read(body: bytes, mend: Mend) -> Any:
    if not body:
        raise _refused([_entry("missing", ("body",), "Field required", mend("missing", ()), None)])
    try:
        return json.loads(body)
    except json.JSONDecodeError as error:
        place, why = error.pos, error.msg
    except UnicodeDecodeError as error:
        place, why = error.start, "the body is not UTF-8"
    except (RecursionError, ValueError) as error:
        place, why = 0, str(error)
    message = f"JSON decode error ({why})"
    entry = _entry("json_invalid", ("body", place), message, mend("json_invalid", ()), {})
    raise _refused([{**entry, "ctx": {"error": why}}])


def _fault(detail: ErrorDetails, mend: Mend) -> dict[str, Any]:
    kind, place = detail["type"], detail["loc"]
    entry = _entry(kind, ("body", *place), detail["msg"], mend(kind, place), detail["input"])
    # An exception, which a validator of ours raised, is in the message already.
    context = {name: value for name, value in detail.get("ctx", {}).items() if name != "error"}
    return {**entry, "ctx": context} if context else entry


def _entry(kind: str, loc: tuple[str | int, ...], message: str, mend: str, given: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "type": kind,
        "loc": [_printable(part) for part in loc],
        "msg": f"{message}: {mend}" if mend else message,
    }
    try:
        # As deep as it stands in the answer.
        if len(orjson.dumps([[[given]]])) <= _MAX_INPUT_BYTES + len("[[[]]]"):
            entry["input"] = given
    except TypeError:
        # Lone surrogates, integers beyond 64 bits and what is nested too deeply can't be sent back.
        pass
    return entry


def _printable(part: str | int) -> str | int:
    return part if isinstance(part, int) else part[:_MAX_NAME].encode(errors="replace").decode()


def _refused(faults: list[dict[str, Any]]) -> InvalidRequestError:
    error = InvalidRequestError(faults[0]["loc"], faults[0]["msg"], faults[0]["type"])
    error.details = faults
    return error
