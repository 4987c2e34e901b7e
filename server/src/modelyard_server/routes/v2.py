"""The Open Inference Protocol V2 over HTTP: health and metadata; see `v2_infer.py` for predictions.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
The model's name is the deployment's, its one version the revision.
"""

from importlib.metadata import version
from typing import Any, Final

import orjson
from fastapi import APIRouter
from fastapi.responses import Response

from modelyard_server.errors import ProblemError
from modelyard_server.routes.documented import refusals
from modelyard_server.routes.names import check_model
from modelyard_server.service import Service

SERVER_NAME: Final = "modelyard"
EXTENSIONS: Final = ("binary_tensor_data",)
"""Optional parts of the protocol that work, by the names that Triton gave them."""
_TRITONS_NAMES: Final = {"onnxruntime": "onnxruntime_onnx"}
_ABSENT: Final = refusals(404, 503)


def server_version() -> str:
    """The server's version."""
    return version("modelyard-server")


def platform(service: Service) -> str:
    """What runs the model, by Triton's name for it where that has one.

    Raises:
        ProblemError: 503, the model is not up yet.
    """
    engine = service.model.engine_name
    return _TRITONS_NAMES.get(engine, engine)


def v2_router(service: Service) -> APIRouter:
    """The protocol's routes besides inference."""
    router = APIRouter(prefix="/v2", tags=["Open Inference Protocol V2"])
    _add_server(router, service)
    _add_model(router, service)
    return router


def _add_server(router: APIRouter, service: Service) -> None:
    @router.get("", summary="The server's metadata")
    async def server_metadata() -> Response:
        return _json({"name": SERVER_NAME, "version": server_version(), "extensions": EXTENSIONS})

    @router.get("/health/live", summary="Whether the server answers")
    async def live() -> Response:
        return _json({"live": True})

    @router.get(
        "/health/ready",
        summary="Whether the model answers; 503 while it does not",
        responses=refusals(503),
    )
    async def ready() -> Response:
        return _json({"ready": service.lifecycle.ready}, 200 if service.lifecycle.ready else 503)


def _add_model(router: APIRouter, service: Service) -> None:
    settings = service.settings

    @router.get("/models/{name}", summary="The model's metadata", responses=_ABSENT)
    @router.get("/models/{name}/versions/{revision}", summary="The model's metadata", responses=_ABSENT)
    async def model_metadata(name: str, revision: str | None = None) -> Response:
        try:
            check_model(settings, name, revision)
            metadata = service.model.task.metadata_v2()
        except ProblemError as error:
            return _error(error)
        return _json(
            {
                "name": settings.deployment,
                "versions": [settings.revision],
                "platform": platform(service),
                **metadata,
            }
        )

    @router.get(
        "/models/{name}/ready",
        summary="Whether the model answers; 503 while it does not",
        responses=_ABSENT,
    )
    @router.get(
        "/models/{name}/versions/{revision}/ready",
        summary="Whether the model answers; 503 while it does not",
        responses=_ABSENT,
    )
    async def model_ready(name: str, revision: str | None = None) -> Response:
        try:
            check_model(settings, name, revision)
        except ProblemError as error:
            return _error(error)
        is_ready = service.lifecycle.ready
        return _json({"name": settings.deployment, "ready": is_ready}, 200 if is_ready else 503)

    # The application hands the paths of the model that is here to `V2InferEndpoint`.
    @router.post("/models/{name}/infer", include_in_schema=False)
    @router.post("/models/{name}/versions/{revision}/infer", include_in_schema=False)
    async def another_model(name: str, revision: str | None = None) -> Response:
        try:
            check_model(settings, name, revision)
        except ProblemError as error:
            return _error(error)
        return _error(ProblemError(404, "Not found", "write the path as /docs does"))


def _json(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, headers, "application/json")


def _error(error: ProblemError) -> Response:
    headers = dict(error.headers)
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    return _json({"error": str(error)}, error.status, headers)
