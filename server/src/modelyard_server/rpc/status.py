"""Refusals as gRPC status codes (https://grpc.io/docs/guides/status-codes/)."""

from collections.abc import Mapping
from typing import Final

import grpc

from modelyard_server.errors import InvalidRequestError, ProblemError

_CODES: Final[Mapping[int, grpc.StatusCode]] = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    422: grpc.StatusCode.INVALID_ARGUMENT,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    500: grpc.StatusCode.INTERNAL,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}
# The message is a trailer, each byte that is not ASCII three of it; clients refuse more than 8 kB of them.
_LONGEST_MESSAGE: Final = 800


def http_status(error: InvalidRequestError | ProblemError) -> int:
    """The HTTP status that metrics count a refusal under."""
    return 400 if isinstance(error, InvalidRequestError) else error.status


def status_of(error: InvalidRequestError | ProblemError) -> tuple[grpc.StatusCode, str]:
    """The status code and message of a refusal."""
    if isinstance(error, InvalidRequestError):
        return grpc.StatusCode.INVALID_ARGUMENT, error.message[:_LONGEST_MESSAGE]
    code = _CODES.get(error.status, grpc.StatusCode.UNKNOWN)
    if error.overloaded:
        code = grpc.StatusCode.RESOURCE_EXHAUSTED
    return code, str(error)[:_LONGEST_MESSAGE]
