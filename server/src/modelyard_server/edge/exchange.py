"""One request on its way through the server, apart from what it asks."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from modelyard_server.edge.identity import Identity
from modelyard_server.edge.trace import Trace
from modelyard_server.tasks.base import Answer, Parsed
from modelyard_server.tasks.v2 import V2Request


class Notes:
    """What is kept of a request for those who look at it after its answer; few requests have any.

    Attributes:
        logged: Whether the request log takes it.
        compared: What the comparison of two revisions needs to know of it; None: it is not compared.
        body: What is asked.
        path: Its address without what is behind the question mark; by gRPC, that of the same by HTTP.
        query: The part of its address behind the question mark.
        tensors: What a call by gRPC asks, as HTTP can ask it too; None: it came by HTTP.
        parsed: Its items, once read.
        answers: What is answered, an entry an item.
        answer: The same on the wire.
    """

    __slots__ = ("answer", "answers", "body", "compared", "logged", "parsed", "path", "query", "tensors")

    def __init__(self) -> None:
        self.logged = False
        self.compared: Any = None
        self.body = b""
        self.path = ""
        self.query = b""
        self.tensors: V2Request | None = None
        self.parsed: Parsed | None = None
        self.answers: Sequence[Answer] | None = None
        self.answer = b""


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
        copy: Whether it is a copy that another pod of the deployment sends to compare answers.
        notes: What is kept of it, for the transport to fill in; None: nothing.
        cached: How many items came from a cache.
        span: Its span, of the tracing library's type; None: it is not traced here.
        stages: Of a request that is traced here, each stage's name and end in seconds since the epoch; one
            begins where the one before ended.
    """

    __slots__ = (
        "began",
        "cached",
        "copy",
        "deadline",
        "headers",
        "identity",
        "notes",
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
        self.copy = False
        self.notes: Notes | None = None
        self.cached = 0
        self.span: Any = None
        self.stages: list[tuple[str, float]] | None = None

    def ended(self, stage: str) -> None:
        """A stage is over."""
        if self.stages is not None:
            self.stages.append((stage, time.time()))
