"""Reading `multipart/form-data` (RFC 7578), as browsers and `curl -F` send it."""

from collections.abc import Callable
from typing import NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from modelyard_server.errors import InvalidRequestError


class Part(NamedTuple):
    """One field of a form.

    Attributes:
        name: The field's.
        is_file: Whether it was sent as a file.
        content: Its bytes.
    """

    name: str
    is_file: bool
    content: bytes


class _Reader:
    """Gathers what the parser tells."""

    def __init__(self, check_count: Callable[[int], None]) -> None:
        self.parts: list[Part] = []
        self.complete = False
        self._check_count = check_count
        self._disposition = ""
        self._chunks: list[bytes] = []
        self._field = b""
        self._value = b""

    def begin(self) -> None:
        self._check_count(len(self.parts) + 1)
        self._disposition = ""
        self._chunks = []

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        if self._field.lower() == b"content-disposition":
            self._disposition = self._value.decode("latin-1")
        self._field = self._value = b""

    def data(self, data: bytes, start: int, end: int) -> None:
        self._chunks.append(data[start:end])

    def end(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode(errors="replace")
        self.parts.append(Part(name, b"filename" in options, b"".join(self._chunks)))

    def finish(self) -> None:
        self.complete = True


def read_form(body: bytes, content_type: str, check_count: Callable[[int], None]) -> list[Part]:
    """Read a form's fields, in order.

    Args:
        body: The request's.
        content_type: Its `Content-Type`, with the boundary.
        check_count: Raises where a form may not have so many fields; called as they come.

    Raises:
        InvalidRequestError: The body is no form, or it is cut off.
    """
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise InvalidRequestError(
            ["body"],
            "the Content-Type says multipart/form-data without a boundary: let your client write that header",
            "multipart_invalid",
        )
    reader = _Reader(check_count)
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": reader.begin,
                "on_part_data": reader.data,
                "on_part_end": reader.end,
                "on_header_field": reader.header_field,
                "on_header_value": reader.header_value,
                "on_header_end": reader.header_end,
                "on_end": reader.finish,
            },
        )
        parser.write(body)
    except FormParserError as error:
        raise InvalidRequestError(
            ["body"], f"the body is no multipart/form-data: {error}", "multipart_invalid"
        ) from None
    if not reader.complete:
        raise InvalidRequestError(["body"], "the form ends before its last boundary", "multipart_invalid")
    return reader.parts
