"""Which image the pods of a revision run."""

from modelyard_operator.api.server import Engine
from modelyard_operator.resources.context import Context


def is_lacking(ctx: Context) -> bool:
    """Whether the spec asks for an engine that the operator was given no image for."""
    return _chosen(ctx) is None


def server_image(ctx: Context) -> str:
    """The image of resolve, fetch and server.

    Resolving runs no engine: for that the operator's plain image does where the engine's own is lacking.
    """
    return _chosen(ctx) or ctx.defaults.server_image


def _chosen(ctx: Context) -> str | None:
    server = ctx.spec.server
    if server.image is not None:
        return server.image
    return (
        ctx.defaults.server_image_openvino if server.engine is Engine.OPENVINO else ctx.defaults.server_image
    )
