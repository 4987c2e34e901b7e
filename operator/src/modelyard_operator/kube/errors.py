"""What the API server refuses, as one typed error."""

from http import HTTPStatus
from typing import Any

import orjson


class ApiError(Exception):
    """An answer of the API server that is not a success."""

    def __init__(self, status: int, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        """The HTTP status."""
        self.reason = reason
        """The API's own word, such as `AlreadyExists`, `Conflict`, `Expired`, `Invalid`."""
        self.message = message
        """The API server's own words."""
        self.details = details or {}

    @classmethod
    def of(cls, status: int, body: bytes) -> "ApiError":
        """From an answer's status and body, which need not be JSON when a proxy stands in between."""
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError:
            answer = None
        return cls.of_status(answer if isinstance(answer, dict) else {}, status, body)

    @classmethod
    def of_status(cls, answer: dict[str, Any], status: int = 500, body: bytes = b"") -> "ApiError":
        """From a metav1.Status, such as a watch's ERROR event carries."""
        code = answer.get("code") or status
        try:
            phrase = HTTPStatus(code).phrase
        except ValueError:
            phrase = "Error"
        return cls(
            int(code),
            answer.get("reason") or phrase.replace(" ", ""),
            answer.get("message") or body[:512].decode(errors="replace") or phrase,
            answer.get("details"),
        )
