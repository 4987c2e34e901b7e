"""One request on its way through the server, apart from what it asks."""

from collections.abc import Mapping
from contextvars import ContextVar

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
        trace: Its caller's trace; None: there is none.
        identity: Who asks; None: not asked, or refused.
        deadline: When its caller stops waiting, in monotonic seconds; None: nobody said.
    """

    __slots__ = ("began", "deadline", "headers", "identity", "peer", "request_id", "route", "trace")

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


CURRENT: ContextVar[Exchange | None] = ContextVar("exchange", default=None)
"""The exchange of the running task, for routes that get no exchange handed over."""
