"""The application: wiring, and nothing else."""

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from modelyard_server.errors import ProblemError
from modelyard_server.routes import predict
from modelyard_server.routes.admin import admin_router
from modelyard_server.routes.docs import add_docs
from modelyard_server.routes.health import health_router
from modelyard_server.routes.metrics import metrics_router
from modelyard_server.routes.v2 import v2_router
from modelyard_server.service import Service


class Application:
    """Hands the hot path to its endpoint and everything else to FastAPI.

    Args:
        hot_path: The path.
        endpoint: What answers it.
        rest: What answers everything else.
    """

    def __init__(self, hot_path: str, endpoint: ASGIApp, rest: FastAPI) -> None:
        self._hot_path = hot_path
        self._endpoint = endpoint
        self.rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI's entry."""
        if scope["type"] == "http" and scope["path"] == self._hot_path:
            await self._endpoint(scope, receive, send)
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
    for router in (v2_router, health_router, metrics_router, admin_router):
        rest.include_router(router(service))
    add_docs(rest, service)

    @rest.exception_handler(ProblemError)
    async def problem(request: Request, error: ProblemError) -> Response:  # noqa: ARG001 - FastAPI's signature
        return Response(error.body(), error.status, dict(error.headers), "application/problem+json")

    return Application(predict.PATH, predict.PredictEndpoint(service), rest)
