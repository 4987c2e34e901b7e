"""What went wrong, as a client hears it: the one table of exceptions, for every protocol.

Each protocol says it in its own shape: `InvalidRequestError` and `ProblemError` are all that it must know.
"""

from collections.abc import Callable, Mapping
from typing import Any

import structlog

from modelyard_server.batching.base import DeadlineExceededError, QueueFullError
from modelyard_server.engines.base import EngineError
from modelyard_server.errors import (
    InvalidRequestError,
    ProblemError,
    deadline_exceeded,
    inference_failed,
    queue_full,
)

log = structlog.get_logger(__name__)

_PROBLEMS: Mapping[type[Exception], Callable[[Any], ProblemError]] = {
    QueueFullError: lambda error: queue_full(error.waiting, error.retry_after),
    DeadlineExceededError: lambda error: deadline_exceeded(str(error)),
    EngineError: lambda error: inference_failed(str(error)),
    ProblemError: lambda error: error,
}


def refused(error: Exception) -> InvalidRequestError | ProblemError:
    """What a client hears of an exception; logs those that are no fault of the client's.

    Args:
        error: Whatever was raised while a request was answered.
    """
    if isinstance(error, InvalidRequestError):
        return error
    for kind in type(error).__mro__:
        if (problem := _PROBLEMS.get(kind)) is not None:
            if kind is EngineError:
                log.warning("inference failed", error=str(error))
            return problem(error)
    log.error("a prediction failed", exc_info=error)
    return ProblemError(500, "Internal error", "the server's log says more")
