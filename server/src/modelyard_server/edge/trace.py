"""W3C trace context (https://www.w3.org/TR/trace-context/)."""

import re
from typing import NamedTuple

_FORM = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED = 1


class Trace(NamedTuple):
    """Where a request stands in its caller's trace.

    Attributes:
        trace_id: 32 hex digits.
        parent_id: The caller's span, 16 hex digits.
        sampled: Whether the caller records the trace.
    """

    trace_id: str
    parent_id: str
    sampled: bool

    @property
    def header(self) -> str:
        """The `traceparent` that hands the trace on."""
        return f"00-{self.trace_id}-{self.parent_id}-{self.sampled:02x}"


def read_traceparent(value: bytes) -> Trace | None:
    """Read a `traceparent`; None: it is not of the form, which counts as not given."""
    if (found := _FORM.fullmatch(value.strip())) is None:
        return None
    version, trace_id, parent_id, flags, rest = found.groups()
    # 255 is no version; version 0 ends with the flags, later ones may go on.
    if (
        version == b"ff"
        or (version == b"00" and rest)
        or not trace_id.strip(b"0")
        or not parent_id.strip(b"0")
    ):
        return None
    return Trace(trace_id.decode(), parent_id.decode(), bool(int(flags, 16) & _SAMPLED))
