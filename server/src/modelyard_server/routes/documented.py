"""What routes that FastAPI documents answer besides 200, for the API's document."""

from collections.abc import Mapping
from typing import Any, Final

_TOLD: Final[Mapping[int, str]] = {
    400: "The body is no JSON.",
    401: "The token is wrong.",
    403: "The pod has no admin token, so its admin routes are closed.",
    404: "It is another model, or another version; the message names the one that is here.",
    503: "Not now; try again.",
}


def refusals(*statuses: int, kind: str = "application/json") -> dict[int | str, dict[str, Any]]:
    """Statuses for a route's `responses`.

    Args:
        statuses: HTTP statuses.
        kind: Content type of their bodies.
    """
    content = {kind: {"schema": {"type": "object"}}}
    return {status: {"description": _TOLD[status], "content": content} for status in statuses}
