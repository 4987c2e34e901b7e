"""The service account of the pods: it has no rights, and its token is not mounted."""

from modelyard_operator import labels
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.resources.context import Context
from modelyard_operator.resources.naming import metadata

SERVICE_ACCOUNT = Kind("v1", "ServiceAccount", "serviceaccounts")


def name(ctx: Context) -> str:
    """Its name."""
    return f"{ctx.name}-server"


def service_account(ctx: Context) -> Manifest:
    """Made even where the user names another one: pods of an earlier revision may still run as this.

    Pods get its Secrets for pulling when they are made, so other ones make no new revision.
    """
    secrets = [{"name": name} for name in ctx.defaults.image_pull_secrets]
    return {
        "apiVersion": SERVICE_ACCOUNT.api_version,
        "kind": SERVICE_ACCOUNT.kind,
        "metadata": metadata(ctx, name(ctx), labels.COMPONENT_SERVER),
        "automountServiceAccountToken": False,
        **({"imagePullSecrets": secrets} if secrets else {}),
    }
