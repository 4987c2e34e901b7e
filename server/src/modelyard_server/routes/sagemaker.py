"""SageMaker's contract with an inference container: `POST /invocations` and `GET /ping`.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
Bodies are those of the Hugging Face container (`{"inputs": ...}`, pictures as they are), of scikit-learn's
(an array) and XGBoost's (CSV), and of `POST /predict`; each is answered as that container does.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any, Final

import orjson
from fastapi import APIRouter
from fastapi.responses import Response

from modelyard_server.artifact.infer import (
    IMAGE_CLASSIFICATION,
    OBJECT_DETECTION,
    TABULAR,
    TENSOR,
    TEXT_CLASSIFICATION,
)
from modelyard_server.dataplane import Answers
from modelyard_server.errors import InvalidRequestError, ProblemError
from modelyard_server.routes.endpoint import Endpoint, Incoming, Reading
from modelyard_server.routes.items import FORMS, plain_entries, read_items
from modelyard_server.routes.reply import JSON, Reply
from modelyard_server.routes.v2_docs import error_responses, predict_example
from modelyard_server.service import Service
from modelyard_server.tasks.base import Answer, Parsed, Request, Task
from modelyard_server.tasks.body import parameter_text

PATH: Final = "/invocations"
_TAG: Final = "SageMaker"
_CSV: Final = "text/csv"
_PICTURES: Final = (IMAGE_CLASSIFICATION, OBJECT_DETECTION)
_TABLES: Final = (TABULAR, TENSOR)
_TOP_PICTURE_LABELS: Final = 5
_MEND: Final = 'send {"inputs": …}, an array, or the body of /predict'


class Style(Enum):
    """Whose answers a client expects."""

    PREDICT = auto()
    PIPELINE = auto()
    """The Hugging Face container's, of several inputs."""
    PIPELINE_SINGLE = auto()
    """The same, of one input."""
    PIPELINE_LABELS = auto()
    """Of several inputs, whose client says how many labels it wants of each."""
    PIPELINE_LABELS_SINGLE = auto()
    """The same, of one input."""
    ARRAY = auto()
    CSV = auto()


class InvocationsEndpoint(Endpoint[Style]):
    """`POST /invocations`.

    Args:
        service: The pod.
    """

    def __init__(self, service: Service) -> None:
        super().__init__(service, PATH)

    def read(self, task: Task, incoming: Incoming) -> Reading[Style]:
        """See `Endpoint.read`."""
        name = self._service.model.task_name
        kind = incoming.header(b"content-type").partition(";")[0].strip().lower()
        accepts = incoming.header(b"accept")
        if (
            name in _PICTURES
            and not kind.startswith(("application/json", "text/"))
            and incoming.body[:1] != b"{"
        ):
            parsed = task.parse(Request(incoming.body, incoming.header(b"content-type"), {}))
            return Reading(parsed, Style.PIPELINE_SINGLE)
        if kind == _CSV:
            parsed = self._items(_read_csv(incoming.body, name in _TABLES), "csv")
            style = Style.PIPELINE if name not in _TABLES else Style.CSV
            return Reading(parsed, Style.ARRAY if "json" in accepts and style is Style.CSV else style)
        if kind == "text/plain":
            return Reading(self._items([_text(incoming.body)], "text"), Style.PIPELINE_SINGLE)
        if kind not in {"", "application/json", "application/x-www-form-urlencoded"}:
            raise ProblemError(
                415, "The content type is not served", f"{kind[:50]!r} is none that the model takes: {_MEND}"
            )
        parsed, style = self._read_json(task, incoming.body)
        return Reading(parsed, Style.CSV if _CSV in accepts and name in _TABLES else style)

    def _read_json(self, task: Task, body: bytes) -> tuple[Parsed, Style]:
        try:
            content = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise InvalidRequestError(
                ["body"], f"the body is not JSON ({error}): {_MEND}", "json_invalid"
            ) from None
        if isinstance(content, list):
            return self._items(content, "array"), Style.ARRAY
        if not isinstance(content, dict):
            raise InvalidRequestError(["body"], f"the body must be an object: {_MEND}", "dict_type")
        inputs = content.get("inputs")
        if "inputs" in content and not (self._service.model.task_name == TENSOR and isinstance(inputs, dict)):
            query = _query(content.get("parameters"))
            parsed = self._items(inputs if isinstance(inputs, list) else [inputs], "inputs", query)
            if "top_k" in query:
                several, single = Style.PIPELINE_LABELS, Style.PIPELINE_LABELS_SINGLE
            else:
                several, single = Style.PIPELINE, Style.PIPELINE_SINGLE
            return parsed, several if isinstance(inputs, list) else single
        if isinstance(content.get("instances"), list):
            return self._items(content["instances"], "instances"), Style.PREDICT
        return task.parse(Request(body, "application/json", {})), Style.PREDICT

    def _items(self, items: Sequence[Any], name: str, query: Mapping[str, str] | None = None) -> Parsed:
        return read_items(self._service.model, items, name, query or {})

    def write(self, task: Task, context: Style, answers: Answers) -> Reply:  # noqa: ARG002 - see Endpoint.write
        """See `Endpoint.write`."""
        name = self._service.model.task_name
        entries = plain_entries(name, answers.answers)
        if context is Style.PREDICT:
            return Reply(200, b'{"predictions":' + entries + b"}", [JSON])
        if context is Style.CSV:
            return Reply(
                200, _write_csv(orjson.loads(entries)), [(b"content-type", b"text/csv; charset=utf-8")]
            )
        if context is Style.ARRAY or name not in (TEXT_CLASSIFICATION, *_PICTURES):
            return Reply(200, entries, [JSON])
        return Reply(200, orjson.dumps(_as_pipeline(name, answers.answers, context)), [JSON])

    def refuse(self, status: int, message: str) -> Reply:
        """See `Endpoint.refuse`; the Hugging Face container's shape."""
        kind = "InternalServerException" if status >= 500 else "BadRequestException"
        return Reply(status, orjson.dumps({"code": status, "type": kind, "message": message}), [JSON])


def sagemaker_router(service: Service) -> APIRouter:
    """The health check."""
    router = APIRouter(tags=[_TAG])

    @router.get(
        "/ping",
        summary="Whether the model answers; 503 while it does not",
        response_class=Response,
        responses={503: {"description": "Not now."}},
    )
    async def ping() -> Response:
        return Response(status_code=200 if service.lifecycle.ready else 503)

    return router


def sagemaker_paths(service: Service) -> dict[str, Any]:
    """The path of prediction for the API's documentation."""
    body = predict_example(service.model.task)
    field = FORMS[service.model.task_name].field
    operation = {
        "tags": [_TAG],
        "summary": "Predict",
        "description": (
            'Takes and gives what the Hugging Face container does (`{"inputs": …}`), scikit-learn\'s (an '
            "array), XGBoost's (CSV), or `/predict`. A picture may be the body itself."
        ),
        "operationId": "invocations",
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {},
                    "example": {"inputs": body[field]} if field in body else body,
                }
            },
        },
        "responses": {
            "200": {
                "description": "In the shape of the container that the request is meant for.",
                "content": {"application/json": {"schema": {}}, _CSV: {"schema": {"type": "string"}}},
            },
            **error_responses(
                {
                    "type": "object",
                    "required": ["code", "message"],
                    "properties": {
                        "code": {"type": "integer"},
                        "type": {"type": "string"},
                        "message": {"type": "string"},
                    },
                }
            ),
        },
    }
    return {PATH: {"post": operation}}


def _query(parameters: Any) -> dict[str, str]:
    """The pipeline's parameters as those of `/predict`; what the server does anyway is left out."""
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        raise InvalidRequestError(["body", "parameters"], "must be an object", "dict_type")
    own = dict(parameters)
    if own.get("truncation") is True:
        del own["truncation"]
    if own.pop("return_all_scores", False) is True or ("top_k" in own and own["top_k"] is None):
        own["top_k"] = 10**8
    return {str(name): parameter_text(value) for name, value in own.items()}


def _as_pipeline(task: str, answers: Sequence[Answer], style: Style) -> Any:
    """Answers as transformers' pipelines give them.

    https://huggingface.co/docs/transformers/main_classes/pipelines
    """
    entries = [orjson.loads(answer.fragment) for answer in answers]
    labels = style in (Style.PIPELINE_LABELS, Style.PIPELINE_LABELS_SINGLE)
    if task == TEXT_CLASSIFICATION and not labels:
        # One text gets a list with its label, several get one with a label each.
        return [label for entry in entries for label in entry[:1]]
    if task == OBJECT_DETECTION:
        entries = [[_box(box) for box in entry["boxes"]] for entry in entries]
    elif not labels:
        entries = [entry[:_TOP_PICTURE_LABELS] for entry in entries]
    return entries[0] if style in (Style.PIPELINE_SINGLE, Style.PIPELINE_LABELS_SINGLE) else entries


def _box(box: Mapping[str, Any]) -> dict[str, Any]:
    corners = dict(zip(("xmin", "ymin", "xmax", "ymax"), box["box"], strict=True))
    return {"score": box["score"], "label": box["label"], "box": corners}


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequestError(["body"], f"the text is not UTF-8: {error}", "string_unicode") from None


def _read_csv(body: bytes, numbers: bool) -> list[Any]:
    """Rows of a table; or texts, in the column `inputs` or `text`, else the first."""
    try:
        rows = [row for row in csv.reader(io.StringIO(_text(body)), strict=True) if row]
    except csv.Error as error:
        raise InvalidRequestError(["body"], f"the body is not CSV: {error}") from None
    if numbers:
        return [[_cell(value) for value in row] for row in rows]
    column = next((rows[0].index(name) for name in ("inputs", "text") if rows and name in rows[0]), None)
    if column is None:
        return [row[0] for row in rows]
    return [row[column] if column < len(row) else "" for row in rows[1:]]


def _cell(text: str) -> Any:
    try:
        number = orjson.loads(text.strip() or b"null")
    except orjson.JSONDecodeError:
        return text
    return number if number is None or isinstance(number, int | float) else text


def _write_csv(rows: Sequence[Any]) -> bytes:
    """One value a row in one line, as XGBoost's container answers; several a row in lines."""
    if any(isinstance(row, list) for row in rows):
        lines = io.StringIO()
        csv.writer(lines, lineterminator="\n").writerows(
            row if isinstance(row, list) else [row] for row in rows
        )
        return lines.getvalue().encode()
    return ",".join(row if isinstance(row, str) else orjson.dumps(row).decode() for row in rows).encode()
