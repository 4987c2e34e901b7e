"""What the operator tells a pod."""

import hmac
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Header
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from modelyard_server import contract
from modelyard_server.cache.base import CacheUnreachableError
from modelyard_server.errors import ProblemError
from modelyard_server.routes.documented import refusals
from modelyard_server.service import Service
from modelyard_server.shadow.part import Part

PROBLEM: Final = "application/problem+json"


class Serving(BaseModel):
    """Whether the pod's revision serves stable traffic."""

    model_config = ConfigDict(extra="forbid")

    serving: bool = Field(strict=True)


def admin_router(service: Service) -> APIRouter:
    """The admin routes, behind the bearer token of the runtime volume."""
    router = APIRouter(tags=["admin"])

    @router.put(
        contract.PATH_SERVING,
        summary="Say whether the pod's revision serves; one that does not ends its connections",
        responses={**refusals(400), **refusals(401, 403, kind=PROBLEM)},
    )
    async def serving(body: Serving, authorization: Annotated[str, Header()] = "") -> Response:
        _check_token(authorization, service.admin_token)
        if body.serving != service.lifecycle.serving:
            service.set_serving(body.serving)
        report = {**service.lifecycle.report(), "serving": service.lifecycle.serving}
        return Response(orjson.dumps(report), media_type="application/json")

    @router.post(
        contract.PATH_PURGE,
        summary="Forget every cached answer of the deployment, in this pod's memory and in Redis",
        responses=refusals(401, 403, 503, kind=PROBLEM),
    )
    async def purge(authorization: Annotated[str, Header()] = "") -> Response:
        _check_token(authorization, service.admin_token)
        try:
            await service.purge_cache()
        except CacheUnreachableError as error:
            raise ProblemError(
                503,
                "The cache does not answer",
                f"this pod has forgotten its answers, Redis may still have some: {error}; try again",
                retry_after=1,
            ) from error
        return Response(orjson.dumps({"purged": True}), media_type="application/json")

    @router.put(
        contract.PATH_SHADOW,
        summary="Say how the pod takes part in comparing two revisions' answers",
        responses={**refusals(400), **refusals(401, 403, kind=PROBLEM)},
    )
    async def shadow(body: Part, authorization: Annotated[str, Header()] = "") -> Response:
        _check_token(authorization, service.admin_token)
        await service.set_shadow(body)
        return Response(service.shadow.part.model_dump_json(), media_type="application/json")

    return router


def _check_token(authorization: str, token: str | None) -> None:
    if token is None:
        raise ProblemError(403, "Forbidden", "this pod has no admin token, so its admin routes are closed")
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.encode(), token.encode()):
        raise ProblemError(
            401,
            "Unauthorized",
            "send the deployment's admin token as Authorization: Bearer TOKEN",
            headers={"WWW-Authenticate": "Bearer"},
        )
