"""How long a caller waits, as its request says."""

from collections.abc import Mapping

from modelyard_server.errors import InvalidRequestError

HEADER = "X-Request-Timeout-Ms"
_NAME = HEADER.lower().encode()
_MOST_DIGITS = 9


def read_timeout(headers: Mapping[bytes, bytes]) -> float | None:
    """Seconds that the caller waits; None: it does not say.

    Raises:
        InvalidRequestError: The header is no whole number of milliseconds, 1 or more.
    """
    value = headers.get(_NAME)
    if value is None:
        return None
    if not (value.isdigit() and len(value) <= _MOST_DIGITS and int(value) > 0):
        raise InvalidRequestError(
            ["header", HEADER],
            f"must be a whole number of milliseconds, 1 or more, not {value[:20].decode('latin-1')!r}",
            "int_parsing",
        )
    return int(value) / 1000
