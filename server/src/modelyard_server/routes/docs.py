"""The API's documentation, without a network: its assets come with the server."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.staticfiles import StaticFiles

from modelyard_server.errors import ProblemError
from modelyard_server.routes import predict
from modelyard_server.routes.kserve_v1 import v1_paths
from modelyard_server.routes.sagemaker import sagemaker_paths
from modelyard_server.routes.v2_docs import v2_paths
from modelyard_server.service import Service

# Relative, so that the page also works behind a path prefix.
_ASSETS = "docs/assets"


def add_docs(app: FastAPI, service: Service) -> None:
    """Serve `/docs` and put what FastAPI does not route into `/openapi.json`."""
    assets = Path(str(files("fastapi_swagger") / "resources"))
    app.mount(f"/{_ASSETS}", StaticFiles(directory=assets), name="docs-assets")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="openapi.json",
            title=f"{service.settings.deployment} - Modelyard",
            swagger_js_url=f"{_ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{_ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{_ASSETS}/favicon-32x32.png",
        )

    @app.get("/", include_in_schema=False)
    async def root() -> RedirectResponse:
        return RedirectResponse("docs")

    def openapi() -> dict[str, Any]:
        schema = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        try:
            task = service.model.task
        except ProblemError:
            # The model is not up: what it takes is not known yet, so the schema is not kept either.
            return schema
        schema["paths"] = {
            predict.PATH: {"post": task.openapi()},
            **v2_paths(service.settings, task),
            **v1_paths(service),
            **sagemaker_paths(service),
            **schema["paths"],
        }
        app.openapi_schema = schema
        return schema

    def kept() -> dict[str, Any]:
        return app.openapi_schema or openapi()

    app.openapi = kept  # type: ignore[method-assign]  # as FastAPI's documentation on extending OpenAPI does
