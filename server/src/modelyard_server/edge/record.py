"""The record of a request: taken on the event loop, rendered elsewhere."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import orjson

MAX_BODY_BYTES: Final = 256 * 1024
"""A body that is longer is not in the record; only its size is."""
CONTENTS: Final = ("inputs", "predictions", "error")
"""Members that hold what clients sent and were answered."""


class Record(NamedTuple):
    """What is noted of a request; times are seconds since the epoch or of duration.

    Attributes:
        request_id: Its id.
        trace_id: The id of its trace; None: it has none.
        time: When its head had come.
        route: Its route, as metrics name it.
        status: The answer's HTTP status.
        seconds: From its head to its answer.
        identity: Who asked; None: nobody was asked.
        items: Items answered.
        cached: How many of them came from a cache.
        content_type: The body's.
        body: What was asked.
        answer: What was answered.
    """

    request_id: bytes
    trace_id: str | None
    time: float
    route: str
    status: int
    seconds: float
    identity: str | None
    items: int
    cached: int
    content_type: str
    body: bytes
    answer: bytes

    @property
    def size(self) -> int:
        """Bytes that it takes, roughly."""
        return len(self.body) + len(self.answer) + 500


def render(record: Record, served: Mapping[str, str], *, whole: bool = True) -> dict[str, Any]:
    """A record as JSON takes it.

    Args:
        record: The record.
        served: What answered: `namespace`, `model` and `revision`.
        whole: Whether its contents are in it, not only their sizes.
    """
    longest = MAX_BODY_BYTES if whole else -1
    members: dict[str, Any] = {
        "requestId": record.request_id.decode(),
        "time": datetime.fromtimestamp(record.time, UTC).isoformat(timespec="milliseconds"),
        "route": record.route,
        "status": record.status,
        "seconds": round(record.seconds, 6),
        **served,
        "items": record.items,
        "cached": record.cached,
        "inputs": _content(record.body, record.content_type, longest),
        ("predictions" if record.status == 200 else "error"): _content(record.answer, "", longest),
    }
    if record.trace_id is not None:
        members["traceId"] = record.trace_id
    if record.identity is not None:
        members["identity"] = record.identity
    return members


def seal(members: Mapping[str, Any]) -> dict[str, Any]:
    """A rendered record that goes into any JSON, as its contents are JSON already.

    Args:
        members: The record.

    Raises:
        TypeError: A content is nested too deeply: orjson reads 1,024 levels and writes 254.
    """
    return {
        name: orjson.Fragment(orjson.dumps(value)) if name in CONTENTS else value
        for name, value in members.items()
    }


def _content(body: bytes, content_type: str, longest: int) -> Any:
    if len(body) <= longest:
        try:
            content = orjson.loads(body)
        except orjson.JSONDecodeError:
            pass
        else:
            # The answer's only member is its entries.
            only = isinstance(content, dict) and content.keys() == {"predictions"}
            return content["predictions"] if only else content
    return {"bytes": len(body), **({"contentType": content_type} if content_type else {})}
