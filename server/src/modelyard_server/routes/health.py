"""The probes."""

import orjson
from fastapi import APIRouter
from fastapi.responses import Response

from modelyard_server import contract
from modelyard_server.routes.documented import refusals
from modelyard_server.service import Service


def health_router(service: Service) -> APIRouter:
    """Liveness and readiness."""
    router = APIRouter(tags=["probes"])

    @router.get(contract.PATH_HEALTH, summary="Whether the process answers")
    async def health() -> Response:
        return Response(b'{"status":"ok"}', media_type="application/json")

    @router.get(
        contract.PATH_READY,
        summary="Whether the pod takes traffic; 503 while loading or draining",
        responses=refusals(503),
    )
    async def ready() -> Response:
        return Response(
            orjson.dumps(service.lifecycle.report()),
            200 if service.lifecycle.ready else 503,
            media_type="application/json",
        )

    return router
