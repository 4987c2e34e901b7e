"""One request on its way through the server, apart from what it asks."""

import time
from collections.abc import Mapping
from typing import Any

from modelyard_server.edge.identity import Identity
from modelyard_server.edge.trace import Trace


class Exchange:
    """What is known of a request while it is answered.

    Attributes:
        route: Its route, as metrics name it.
        began: When its head had come, in monotonic seconds.
        headers: Its headers by lower-case name; of several of a name, the last.
        peer: Address at the other end of its connection.
        request_id: Its id.
        trace: Its trace, as it is handed on: with its own span where the server makes one; None: it has none.
        identity: Who asks; None: not asked, or refused.
        deadline: When its caller stops waiting, in monotonic seconds; None: nobody said.
        noted: Whether the log takes it; then `body`, `answer` and `cached` are to be set.
        body: What is asked.
        answer: What is answered.
        cached: How many items came from a cache.
        span: Its span, of the tracing library's type; None: it is not traced here.
        stages: Of a request that is traced here, each stage's name and end in seconds since the epoch; one
            begins where the one before ended.
    """

    __slots__ = (
        "answer",
        "began",
        "body",
        "cached",
        "deadline",
        "headers",
        "identity",
        "noted",
        "peer",
        "request_id",
        "route",
        "span",
        "stages",
        "trace",
    )

    def __init__(
        self,
        route: str,
        began: float,
        headers: Mapping[bytes, bytes],
        peer: str,
        request_id: bytes,
    ) -> None:
        self.route = route
        self.began = began
        self.headers = headers
        self.peer = peer
        self.request_id = request_id
        self.trace: Trace | None = None
        self.identity: Identity | None = None
        self.deadline: float | None = None
        self.noted = False
        self.body = b""
        self.answer = b""
        self.cached = 0
        self.span: Any = None
        self.stages: list[tuple[str, float]] | None = None

    def ended(self, stage: str) -> None:
        """A stage is over."""
        if self.stages is not None:
            self.stages.append((stage, time.time()))
