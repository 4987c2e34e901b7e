"""The application: wiring, and nothing else."""

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from modelyard_server.errors import ProblemError
from modelyard_server.routes import predict, sagemaker
from modelyard_server.routes.admin import admin_router
from modelyard_server.routes.docs import add_docs
from modelyard_server.routes.health import health_router
from modelyard_server.routes.kserve_v1 import V1PredictEndpoint, v1_path, v1_router
from modelyard_server.routes.metrics import metrics_router
from modelyard_server.routes.v2 import v2_router
from modelyard_server.routes.v2_infer import V2InferEndpoint
from modelyard_server.service import Service


class Application:
    """Hands the prediction routes to their endpoints and everything else to FastAPI.

    Args:
        endpoints: What answers a path.
        rest: What answers every other one.
    """

    def __init__(self, endpoints: Mapping[str, ASGIApp], rest: FastAPI) -> None:
        self._endpoints = endpoints
        self.rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI's entry."""
        if scope["type"] == "http" and (endpoint := self._endpoints.get(scope["path"])) is not None:
            await endpoint(scope, receive, send)
        else:
            await self.rest(scope, receive, send)


def create_app(service: Service) -> Application:
    """Wire the routes to a service."""
    rest = FastAPI(
        title=f"Modelyard: {service.settings.deployment}",
        version=service.settings.revision,
        description="One model behind one API. `POST /predict` takes items and gives one entry an item.",
        docs_url=None,
        redoc_url=None,
    )
    for router in (
        v2_router,
        v1_router,
        sagemaker.sagemaker_router,
        health_router,
        metrics_router,
        admin_router,
    ):
        rest.include_router(router(service))
    add_docs(rest, service)

    @rest.exception_handler(ProblemError)
    async def problem(request: Request, error: ProblemError) -> Response:  # noqa: ARG001 - FastAPI's signature
        return Response(error.body(), error.status, dict(error.headers), "application/problem+json")

    return Application(prediction_endpoints(service), rest)


def prediction_endpoints(service: Service) -> dict[str, ASGIApp]:
    """What answers predictions, by path: one line a protocol."""
    v2_infer = V2InferEndpoint(service)
    model, revision = service.settings.deployment, service.settings.revision
    return {
        predict.PATH: predict.PredictEndpoint(service),
        f"/v2/models/{model}/infer": v2_infer,
        f"/v2/models/{model}/versions/{revision}/infer": v2_infer,
        v1_path(service): V1PredictEndpoint(service),
        sagemaker.PATH: sagemaker.InvocationsEndpoint(service),
    }
