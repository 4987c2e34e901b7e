"""KServe's V1 protocol: `{"instances": [...]}` in, `{"predictions": [...]}` out.

https://kserve.github.io/website/docs/concepts/architecture/data-plane/v1-protocol
"""

from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter
from fastapi.responses import Response

from modelyard_server.dataplane import Answers
from modelyard_server.errors import InvalidRequestError, ProblemError
from modelyard_server.routes.documented import refusals
from modelyard_server.routes.endpoint import Endpoint, Incoming, Reading
from modelyard_server.routes.items import FORMS, plain_entries, read_items
from modelyard_server.routes.names import check_model
from modelyard_server.routes.reply import JSON, Reply
from modelyard_server.routes.v2_docs import error_responses, predict_example
from modelyard_server.service import Service
from modelyard_server.tasks.base import Parsed, Request, Task
from modelyard_server.tasks.body import read_object, write_object

_TAG: Final = "KServe V1"
_MEND: Final = 'send {"instances": [ITEM, …]}'


def v1_path(service: Service) -> str:
    """Where the model predicts."""
    return f"/v1/models/{service.settings.deployment}:predict"


class V1PredictEndpoint(Endpoint[None]):
    """`POST /v1/models/NAME:predict`.

    Args:
        service: The pod.
    """

    def __init__(self, service: Service) -> None:
        super().__init__(service, "/v1/predict")

    def read(self, task: Task, incoming: Incoming) -> Reading[None]:
        """See `Endpoint.read`."""
        query = dict(parse_qsl(incoming.query.decode("latin-1")))
        return Reading(self._parsed(task, incoming.body, query), None)

    def _parsed(self, task: Task, body: bytes, query: dict[str, str]) -> Parsed:
        content = read_object(body, _MEND)
        name = "instances" if "instances" in content else "inputs"
        items = content.get(name)
        # The column format of TensorFlow Serving, which is the tensor task's own.
        if name == "inputs" and isinstance(items, dict):
            return task.parse(Request(write_object(name, items, name), "application/json", query))
        if not isinstance(items, list):
            raise InvalidRequestError(["body", "instances"], f"must be a list: {_MEND}", "list_type")
        return read_items(self._service.model, items, name, query)

    def write(self, task: Task, context: None, answers: Answers) -> Reply:  # noqa: ARG002 - see Endpoint.write
        """See `Endpoint.write`."""
        entries = plain_entries(self._service.model.task_name, answers.answers)
        return Reply(200, b'{"predictions":' + entries + b"}", [JSON])

    def refuse(self, status: int, message: str) -> Reply:
        """See `Endpoint.refuse`."""
        return Reply(status, orjson.dumps({"error": message}), [JSON])


def v1_router(service: Service) -> APIRouter:
    """The protocol's routes besides prediction."""
    router = APIRouter(prefix="/v1", tags=[_TAG])

    @router.get("/models", summary="The models that there are: one")
    async def models() -> Response:
        return _json({"models": [service.settings.deployment]})

    @router.get(
        "/models/{name}",
        summary="Whether the model answers; 503 while it does not",
        responses=refusals(404, 503),
    )
    async def ready(name: str) -> Response:
        try:
            check_model(service.settings, name)
        except ProblemError as error:
            return _json({"error": str(error)}, error.status)
        is_ready = service.lifecycle.ready
        return _json({"name": name, "ready": is_ready}, 200 if is_ready else 503)

    @router.post("/models/{name}:predict", include_in_schema=False)
    async def another_model(name: str) -> Response:
        try:
            check_model(service.settings, name)
        except ProblemError as error:
            return _json({"error": str(error)}, error.status)
        return _json({"error": "Not found: write the path as /docs does"}, 404)

    return router


def v1_paths(service: Service) -> dict[str, Any]:
    """The path of prediction for the API's documentation."""
    body = predict_example(service.model.task)
    field = FORMS[service.model.task_name].field
    example = {"instances": body[field]} if field in body else body
    operation = {
        "tags": [_TAG],
        "summary": "Predict",
        "description": (
            'Instances are what `/predict` takes in its list; also wrapped as `{"b64": …}`, `{"data": …}` '
            'or `{"features": […]}`. Predictions are its entries; a table\'s are plain classes or values.'
        ),
        "operationId": "v1_predict",
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {"instances": {"type": "array", "minItems": 1, "items": {}}},
                    },
                    "example": example,
                }
            },
        },
        "responses": {
            "200": {
                "description": "One entry an instance, in the order of the instances.",
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["predictions"],
                            "properties": {"predictions": {"type": "array", "items": {}}},
                        }
                    }
                },
            },
            **error_responses(
                {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
            ),
        },
    }
    return {v1_path(service): {"post": operation}}


def _json(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
