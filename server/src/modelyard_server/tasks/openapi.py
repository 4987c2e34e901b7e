"""The parts of `POST /predict`'s documentation that every task shares."""

from collections.abc import Mapping, Sequence
from typing import Any

_VALIDATION_ERROR = {
    "type": "object",
    "properties": {
        "detail": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["loc", "msg", "type"],
                "properties": {
                    "loc": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}},
                    "msg": {"type": "string"},
                    "type": {"type": "string"},
                },
            },
        }
    },
}
_PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
_HEADERS = {
    "X-Modelyard-Model": "The model's name.",
    "X-Modelyard-Revision": "The revision that answered.",
    "X-Modelyard-Cached": "How many of the answers came from a cache.",
    "X-Modelyard-Truncated": "Indexes of the items of which a part was left out, 100 at most and then +N; "
    "absent when there are none.",
}


def predict_operation(
    *,
    summary: str,
    description: str,
    request_schema: Mapping[str, Any],
    request_examples: Mapping[str, Any],
    entry_schema: Mapping[str, Any],
    answer_example: Any,
    query: Sequence[Mapping[str, Any]] = (),
    other_bodies: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Describe `POST /predict` (https://spec.openapis.org/oas/v3.1.0#operation-object).

    Args:
        summary: One line.
        description: What the model takes and gives, in Markdown.
        request_schema: JSON Schema of the body.
        request_examples: Bodies that work, by name.
        entry_schema: JSON Schema of one entry of `predictions`.
        answer_example: An answer to one of the bodies.
        query: Parameters of the query.
        other_bodies: Bodies besides JSON, by content type.
    """
    return {
        "tags": ["predict"],
        "summary": summary,
        "description": description,
        "operationId": "predict",
        "parameters": [
            *query,
            {
                "name": "Cache-Control",
                "in": "header",
                "required": False,
                "description": "`no-cache` has the model answer even where a cache could.",
                "schema": {"type": "string"},
            },
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": request_schema,
                    "examples": {name: {"value": value} for name, value in request_examples.items()},
                },
                **(other_bodies or {}),
            },
        },
        "responses": {
            "200": {
                "description": "One entry an item, in the order of the items.",
                "headers": {
                    name: {"description": text, "schema": {"type": "string"}}
                    for name, text in _HEADERS.items()
                },
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["predictions"],
                            "properties": {"predictions": {"type": "array", "items": entry_schema}},
                        },
                        "example": answer_example,
                    }
                },
            },
            "413": _problem("The body is too large."),
            "422": {
                "description": "The request is wrong; `loc` says where, `msg` what and how to mend it.",
                "content": {"application/json": {"schema": _VALIDATION_ERROR}},
            },
            "500": _problem("The model failed on this request."),
            "503": _problem("The model is not ready, or its queue is full; `Retry-After` says when to try."),
        },
    }


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/problem+json": {"schema": _PROBLEM}}}
