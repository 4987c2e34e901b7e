"""What a client hears when its request can't be answered, apart from any transport."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

Location = Sequence[str | int]


class InvalidRequestError(Exception):
    """The request is wrong; answered in FastAPI's 422 shape.

    Attributes:
        details: One entry a fault: `loc` (where), `msg` (what, and the mend) and `type`.
    """

    def __init__(self, loc: Location, msg: str, kind: str = "value_error") -> None:
        super().__init__(msg)
        self.details: list[dict[str, Any]] = [{"loc": list(loc), "msg": msg, "type": kind}]

    @classmethod
    def of(cls, details: list[dict[str, Any]]) -> "InvalidRequestError":
        """Several faults at once; see `details`."""
        error = cls(details[0]["loc"], details[0]["msg"], details[0]["type"])
        error.details = details
        return error

    @property
    def message(self) -> str:
        """The faults in one line, for protocols that have only a line."""
        return "; ".join(f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in self.details)

    def body(self) -> bytes:
        """The JSON that FastAPI would answer."""
        return orjson.dumps({"detail": self.details})


@dataclass
class ProblemError(Exception):
    """The request can't be answered now, or not at all; answered as RFC 9457 problem+json.

    Attributes:
        status: HTTP status.
        title: The kind of problem; the same text each time.
        detail: What happened this time, and what to do.
        retry_after: Seconds after which to try again; None: no use.
        headers: Headers of the answer besides.
        overloaded: Whether there is too much work, which gRPC tells from a server that is not up.
    """

    status: int
    title: str
    detail: str
    retry_after: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    overloaded: bool = False

    def __str__(self) -> str:
        return f"{self.title}: {self.detail}"

    def body(self) -> bytes:
        """The problem document (https://www.rfc-editor.org/rfc/rfc9457)."""
        return orjson.dumps(
            {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}
        )


def not_ready(state: str) -> ProblemError:
    """The model is not loaded yet, or never will be."""
    return ProblemError(
        status=503,
        title="The model is not ready",
        detail=f"this pod is {state}; /ready says when it answers",
        retry_after=1,
    )


def queue_full(waiting: int, retry_after: int) -> ProblemError:
    """More work waits than may wait."""
    return ProblemError(
        status=503,
        title="The queue is full",
        detail=f"{waiting} items wait for the model already; try again in {retry_after} s",
        retry_after=retry_after,
        overloaded=True,
    )


def fetches_full(held: int) -> ProblemError:
    """Requests that wait for pictures take all the memory that is theirs."""
    return ProblemError(
        status=503,
        title="Too many pictures are being fetched",
        detail=f"requests that wait for pictures hold {held:,} bytes already; try again in 1 s, or send the "
        "pictures themselves",
        retry_after=1,
        overloaded=True,
    )


def deadline_exceeded(message: str) -> ProblemError:
    """The client no longer waits."""
    return ProblemError(
        status=504, title="The deadline passed", detail=f"{message}: wait longer, or try again later"
    )


def bodies_full(held: int) -> ProblemError:
    """Requests that are still being sent take all the memory that is theirs."""
    return ProblemError(
        status=503,
        title="Too much is being sent",
        detail=f"{held:,} bytes of requests are on their way already; try again in 1 s",
        retry_after=1,
        overloaded=True,
    )


def body_too_large(limit: int) -> ProblemError:
    """The body is over the limit."""
    return ProblemError(
        status=413,
        title="The request is too large",
        detail=f"a request's body may have {limit:,} bytes at most; send it in several requests",
        headers={"connection": "close"},
    )


def inference_failed(message: str) -> ProblemError:
    """The engine refused or failed."""
    return ProblemError(status=500, title="The model failed on this request", detail=message[:1000])
