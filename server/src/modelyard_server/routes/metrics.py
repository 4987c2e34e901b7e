"""The scrape."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client.exposition import choose_encoder

from modelyard_server import contract
from modelyard_server.service import Service


def metrics_router(service: Service) -> APIRouter:
    """Prometheus' and OpenMetrics' text, as the scraper asks."""
    router = APIRouter(tags=["metrics"])

    @router.get(contract.PATH_METRICS, summary="What the server counts, for Prometheus")
    async def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(service.metrics.registry), media_type=content_type)

    return router
