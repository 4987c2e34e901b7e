"""The Open Inference Protocol V2 over HTTP.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
The model's name is the deployment's, its one version the revision.
"""

import time
from importlib.metadata import version
from typing import Any

import orjson
import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response

from modelyard_server.errors import InvalidRequestError, ProblemError
from modelyard_server.refusals import refused
from modelyard_server.routes.body import ClientGoneError, read_body
from modelyard_server.routes.traffic import CLIENT_GONE, answer, parse, truncated, wants_fresh
from modelyard_server.service import Service
from modelyard_server.settings import Settings
from modelyard_server.tasks.base import Parsed
from modelyard_server.tasks.v2_json import read_request, render_outputs

log = structlog.get_logger(__name__)

_ROUTE = "/v2/infer"
_INFER_SCHEMA = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string"},
        "parameters": {"type": "object"},
        "inputs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "shape", "datatype", "data"],
                "properties": {
                    "name": {"type": "string"},
                    "shape": {"type": "array", "items": {"type": "integer"}},
                    "datatype": {"type": "string"},
                    "data": {"type": "array", "items": {}},
                },
            },
        },
        "outputs": {"type": "array", "items": {"type": "object"}},
    },
}
_INFER_DOCS: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": _INFER_SCHEMA}}}
}


class _V2Error(Exception):
    """An answer of the protocol's error shape."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}


def v2_router(service: Service) -> APIRouter:
    """The protocol's routes."""
    router = APIRouter(prefix="/v2", tags=["Open Inference Protocol V2"])
    _add_metadata(router, service)
    _add_inference(router, service)
    return router


def _add_metadata(router: APIRouter, service: Service) -> None:
    settings = service.settings

    @router.get("", summary="The server's metadata")
    async def server_metadata() -> Response:
        return _json({"name": "modelyard", "version": version("modelyard-server"), "extensions": []})

    @router.get("/health/live", summary="Whether the server answers")
    async def live() -> Response:
        return _json({"live": True})

    @router.get("/health/ready", summary="Whether the model answers")
    async def ready() -> Response:
        return _json({"ready": service.lifecycle.ready}, 200 if service.lifecycle.ready else 503)

    @router.get("/models/{name}", summary="The model's metadata")
    @router.get("/models/{name}/versions/{revision}", summary="The model's metadata")
    async def model_metadata(name: str, revision: str | None = None) -> Response:
        try:
            _check_name(settings, name, revision)
            metadata = service.model.task.metadata_v2()
        except (_V2Error, ProblemError) as error:
            return _error(error)
        return _json(
            {
                "name": settings.deployment,
                "versions": [settings.revision],
                "platform": "onnxruntime_onnx",
                **metadata,
            }
        )

    @router.get("/models/{name}/ready", summary="Whether the model answers")
    @router.get("/models/{name}/versions/{revision}/ready", summary="Whether the model answers")
    async def model_ready(name: str, revision: str | None = None) -> Response:
        try:
            _check_name(settings, name, revision)
        except _V2Error as error:
            return _error(error)
        is_ready = service.lifecycle.ready
        return _json({"name": settings.deployment, "ready": is_ready}, 200 if is_ready else 503)


def _add_inference(router: APIRouter, service: Service) -> None:
    settings = service.settings

    @router.post("/models/{name}/infer", summary="Predict", openapi_extra=_INFER_DOCS)
    @router.post("/models/{name}/versions/{revision}/infer", summary="Predict", openapi_extra=_INFER_DOCS)
    async def infer(request: Request, name: str, revision: str | None = None) -> Response:
        began = time.perf_counter()
        service.metrics.in_flight += 1
        try:
            response = await predict(request, name, revision)
        except _V2Error as error:
            response = _error(error)
        except ClientGoneError:
            service.metrics.dropped.value += 1
            response = Response(status_code=CLIENT_GONE)
        except Exception as error:  # whatever it is belongs to this request alone
            response = _error(refused(error))
        finally:
            service.metrics.in_flight -= 1
        code = response.status_code
        service.metrics.answered(_ROUTE, code, time.perf_counter() - began)
        return response

    async def predict(request: Request, name: str, revision: str | None) -> Response:
        _check_name(settings, name, revision)
        plane = service.plane
        raw = await read_body(request.receive, settings.max_body_bytes)
        body: dict[str, Any] = {}

        def read() -> Parsed:
            body.update(_read(raw))
            return plane.task.parse_v2(read_request(body))

        parsed = await parse(read, len(raw))
        fresh = wants_fresh(request.scope["headers"])
        answers = await answer(service, parsed, request.receive, fresh=fresh)
        service.metrics.items.value += len(answers.answers)
        outputs = render_outputs(plane.task.outputs_v2(answers.answers))
        content: dict[str, Any] = {
            "model_name": settings.deployment,
            "model_version": settings.revision,
            "outputs": _requested(outputs, body.get("outputs")),
        }
        if "id" in body:
            content["id"] = body["id"]
        headers = {"X-Modelyard-Cached": str(answers.cached)}
        if cut := truncated(answers.answers):
            headers["X-Modelyard-Truncated"] = cut
        return _json(content, headers=headers)


def _check_name(settings: Settings, name: str, revision: str | None) -> None:
    if name != settings.deployment:
        raise _V2Error(404, f"there is no model {name!r}; this server has {settings.deployment!r}")
    if revision is not None and revision != settings.revision:
        raise _V2Error(404, f"there is no version {revision!r}; this server has {settings.revision!r}")


def _read(body: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequestError(["body"], f"the body is not JSON: {error}", "json_invalid") from None
    if not isinstance(content, dict):
        raise InvalidRequestError(["body"], "the body must be an object with 'inputs'", "dict_type")
    for field, kind in (("id", str), ("parameters", dict), ("outputs", list)):
        if field in content and not isinstance(content[field], kind):
            raise InvalidRequestError(["body", field], f"must be a {kind.__name__}")
    return content


def _requested(outputs: list[dict[str, Any]], wanted: list[Any] | None) -> list[dict[str, Any]]:
    if not wanted:
        return outputs
    by_name = {output["name"]: output for output in outputs}
    chosen = []
    for index, entry in enumerate(wanted):
        name = entry.get("name") if isinstance(entry, dict) else None
        if name not in by_name:
            raise InvalidRequestError(
                ["body", "outputs", index], f"there is no output {name!r}; there are {sorted(by_name)}"
            )
        chosen.append(by_name[name])
    return chosen


def _json(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY), status, headers, "application/json"
    )


def _error(error: InvalidRequestError | ProblemError | _V2Error) -> Response:
    if isinstance(error, InvalidRequestError):
        return _json({"error": error.message}, 400)
    if isinstance(error, ProblemError):
        headers = dict(error.headers)
        if error.retry_after is not None:
            headers["Retry-After"] = str(error.retry_after)
        return _json({"error": str(error)}, error.status, headers)
    return _json({"error": str(error)}, error.status, error.headers)
