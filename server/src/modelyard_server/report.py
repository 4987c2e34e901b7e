"""What a container says when it ends: one line of JSON in its termination message.

The kubelet keeps `contract.TERMINATION_MESSAGE_LIMIT` bytes of it and the operator reads it from the
pod's status, so a report that is too long is shortened here, where the JSON can be kept whole
(https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelyard_server import contract

_ELLIPSIS = "…"


class SourceError(Exception):
    """A model could not be resolved, fetched or loaded, in words for the person who wrote the resource.

    Attributes:
        reason: One of the contract's `REASON_*`.
        message: What was wrong, where, and what to do.
        permanent: Whether trying again without a change is pointless.
    """

    def __init__(self, reason: str, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.permanent = permanent

    def payload(self) -> dict[str, Any]:
        """The failure line of the contract."""
        return {"ok": False, "reason": self.reason, "message": self.message, "permanent": self.permanent}


def not_a_model(message: str) -> SourceError:
    """The source was read and is not something the server can serve."""
    return SourceError(contract.REASON_NOT_A_MODEL, message, permanent=True)


def render_report(payload: Mapping[str, Any], limit: int = contract.TERMINATION_MESSAGE_LIMIT) -> bytes:
    """Render a report as one line of UTF-8 JSON of at most `limit` bytes.

    Only `message` is ever shortened: its middle goes, for an error's cause often stands at its end.

    Args:
        payload: What to report; JSON values only.
        limit: The most bytes, the line's end included.

    Raises:
        ValueError: The payload does not fit even with an empty `message`.
    """
    line = _line(payload)
    if len(line) <= limit:
        return line
    message = str(payload.get("message", ""))
    if "message" not in payload or len(_line({**payload, "message": ""})) > limit:
        raise ValueError(f"a report must fit in {limit} bytes without its message, this one does not")

    # The encoded length grows with the number of characters kept, so the longest that fits is
    # found by bisection; counting characters, never bytes, keeps UTF-8 and JSON escapes whole.
    low, high = 0, len(message)
    while low < high:
        middle = (low + high + 1) // 2
        if len(_line({**payload, "message": _shorten(message, middle)})) <= limit:
            low = middle
        else:
            high = middle - 1
    return _line({**payload, "message": _shorten(message, low)})


def write_report(payload: Mapping[str, Any], path: Path) -> None:
    """Write a report where the kubelet looks for it.

    Args:
        payload: What to report (see the end of `contract.py`).
        path: The termination message file. Where it can't be written (a run outside a cluster), the
            report is dropped: the caller has logged the same, and the exit status still tells.
    """
    try:
        path.write_bytes(render_report(payload))
    except OSError:
        return


def _line(payload: Mapping[str, Any]) -> bytes:
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    # A lone surrogate (a file name that is not UTF-8) has no UTF-8 form.
    return text.encode("utf-8", errors="replace") + b"\n"


def _shorten(message: str, keep: int) -> str:
    if keep >= len(message):
        return message
    if keep == 0:
        return ""
    head = (keep * 2) // 3
    tail = keep - head
    return message[:head] + _ELLIPSIS + message[len(message) - tail :]
