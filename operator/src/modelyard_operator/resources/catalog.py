"""Every child kind and every child. Adding a child: one file beside this, one line here."""

from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.kube.routes import ROUTE_KINDS
from modelyard_operator.resources.autoscaler import AUTOSCALER, autoscaler
from modelyard_operator.resources.cache import managed_cache
from modelyard_operator.resources.check_job import check_job
from modelyard_operator.resources.context import Context, CopySecretKey, Source
from modelyard_operator.resources.controller_revision import (
    CONTROLLER_REVISION,
    controller_revision,
    read_revision,
)
from modelyard_operator.resources.deployment import DEPLOYMENT, revision_deployment
from modelyard_operator.resources.disruption_budget import DISRUPTION_BUDGET, disruption_budget
from modelyard_operator.resources.image import is_lacking as lacks_image
from modelyard_operator.resources.interceptor_route import INTERCEPTOR_ROUTE, interceptor_route
from modelyard_operator.resources.keys import external_cache_copies, keys
from modelyard_operator.resources.naming import model_key, revision_name
from modelyard_operator.resources.network_policy import NETWORK_POLICY, network_policies
from modelyard_operator.resources.resolve_job import JOB, resolve_job
from modelyard_operator.resources.revision import Revision
from modelyard_operator.resources.runtime_config import CONFIG_MAP, runtime_config
from modelyard_operator.resources.scaled_object import SCALED_OBJECT, scaled_object
from modelyard_operator.resources.service import (
    GRPC,
    SERVICE,
    revision_service,
    shared_service,
    stable_service,
)
from modelyard_operator.resources.service_account import SERVICE_ACCOUNT, service_account
from modelyard_operator.resources.service_monitor import SERVICE_MONITOR, service_monitors

__all__ = [
    "EXACT",
    "GRPC",
    "KINDS",
    "OPTIONAL",
    "autoscaler",
    "birth",
    "check_job",
    "controller_revision",
    "copies",
    "disruption_budget",
    "interceptor_route",
    "lacks_image",
    "model_key",
    "read_revision",
    "resolve_job",
    "revision_name",
    "scaled_object",
    "secrets",
    "shared",
    "shared_service",
    "stable_service",
]

KINDS: tuple[Kind, ...] = (
    SERVICE_ACCOUNT,
    CONFIG_MAP,
    NETWORK_POLICY,
    SERVICE,
    JOB,
    CONTROLLER_REVISION,
    DEPLOYMENT,
    AUTOSCALER,
    INTERCEPTOR_ROUTE,
    SCALED_OBJECT,
    DISRUPTION_BUDGET,
    SERVICE_MONITOR,
    *ROUTE_KINDS,
)
"""Every kind of child that is watched. Pods are watched apart; Secrets never are."""

OPTIONAL = frozenset(kind.kind for kind in KINDS if kind.is_optional)
"""Those that a cluster may lack."""

EXACT = frozenset(kind.kind for kind in KINDS if kind.is_exact)
"""Those in whose lists the API server adds nothing of its own."""


def shared(ctx: Context, grpc_ports: frozenset[int] = frozenset()) -> tuple[Manifest, ...]:
    """The children that all revisions share, in the order to apply them.

    Args:
        ctx: The deployment.
        grpc_ports: Where pods of other revisions than the spec's take gRPC.
    """
    return (
        service_account(ctx),
        runtime_config(ctx),
        *network_policies(ctx, grpc_ports),
        *managed_cache(ctx),
        *service_monitors(ctx),
    )


def secrets(ctx: Context) -> tuple[Manifest, ...]:
    """Secrets that are created once; the executor fills in `stringData` values that are None."""
    return (keys(ctx),)


def copies(ctx: Context) -> tuple[CopySecretKey, ...]:
    """Keys of the user's Secrets that are kept copied."""
    return external_cache_copies(ctx)


def birth(ctx: Context, source: Source) -> Revision:
    """The revision that `ctx` and `source` ask for, rendered with the operator's defaults of now."""
    name = revision_name(ctx, source)
    return Revision(
        name=name,
        model_key=source.key,
        pinned=source.pinned,
        digest=ctx.spec.model.digest or source.digest,
        task=ctx.spec.model.task or source.task,
        bytes=source.bytes,
        deployment=revision_deployment(ctx, source, name),
        service=revision_service(ctx, name),
        spec={
            "model": ctx.spec.model.to_dict(),
            "server": ctx.spec.server.to_dict(),
            "inputs": ctx.spec.inputs.to_dict(),
        },
    )
