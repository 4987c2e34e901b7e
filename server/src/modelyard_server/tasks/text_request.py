"""The body `{"text": [...]}`: read fast where it is right, explained where it is not."""

import msgspec

from modelyard_server.errors import InvalidRequestError
from modelyard_server.tasks.body import read_object

_MEND = 'send {"text": ["one string", "another"]}'


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    text: list[str]


_decoder = msgspec.json.Decoder(_Body)


def read_texts(body: bytes) -> list[str]:
    """Read a body's texts.

    Raises:
        InvalidRequestError: Naming the field and the mend.
    """
    try:
        return _decoder.decode(body).text
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _explain(body)


def _explain(body: bytes) -> list[str]:
    """Say what is wrong with a body that the fast decoder refused."""
    content = read_object(body, _MEND)
    if "text" not in content:
        raise InvalidRequestError(["body", "text"], f"the field is missing: {_MEND}", "missing")
    for name in content:
        if name != "text":
            mend = "write ?top_k= in the address" if name == "top_k" else "leave it out"
            raise InvalidRequestError(["body", name], f"there is no such field: {mend}", "extra_forbidden")
    texts = content["text"]
    if isinstance(texts, str):
        raise InvalidRequestError(
            ["body", "text"], f"must be a list, also for one string: {_MEND}", "list_type"
        )
    if not isinstance(texts, list):
        raise InvalidRequestError(["body", "text"], f"must be a list of strings: {_MEND}", "list_type")
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise InvalidRequestError(
                ["body", "text", index], f"must be a string, not {_kind(text)}", "string_type"
            )
    return texts


def _kind(value: object) -> str:
    kinds = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return kinds.get(type(value), "null")
