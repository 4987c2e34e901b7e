"""Every child kind and every child. Adding a child: one file beside this, one line here."""

from modelyard_operator.api.model import ModelSpec
from modelyard_operator.kube.kinds import Kind
from modelyard_operator.kube.objects import Manifest, RevisionData
from modelyard_operator.resources.context import Context, CopySecretKey, Source
from modelyard_operator.resources.revision import Revision

KINDS: tuple[Kind, ...] = ()
"""Every kind of child that is watched. Pods are watched apart; Secrets never are."""


def shared(ctx: Context) -> tuple[Manifest, ...]:
    """The children that all revisions share, in the order to apply them."""
    raise AssertionError(ctx)


def secrets(ctx: Context) -> tuple[Manifest, ...]:
    """Secrets that are created once; the executor fills in `stringData` values that are None."""
    raise AssertionError(ctx)


def copies(ctx: Context) -> tuple[CopySecretKey, ...]:
    """Keys of the user's Secrets that are kept copied."""
    raise AssertionError(ctx)


def model_key(spec: ModelSpec) -> str:
    """The hash of `spec.model`: it changes when the source must be resolved anew."""
    raise AssertionError(spec)


def resolve_job(ctx: Context, model_key: str) -> Manifest:
    """The Job that turns `spec.model` into an immutable reference."""
    raise AssertionError(ctx, model_key)


def revision_name(ctx: Context, source: Source) -> str:
    """The name of the revision that `ctx` and `source` ask for."""
    raise AssertionError(ctx, source)


def birth(ctx: Context, source: Source) -> Revision:
    """The revision that `ctx` and `source` ask for, rendered with the operator's defaults of now."""
    raise AssertionError(ctx, source)


def controller_revision(ctx: Context, revision: Revision) -> Manifest:
    """The ControllerRevision that remembers `revision`."""
    raise AssertionError(ctx, revision)


def read_revision(data: RevisionData) -> Revision:
    """The revision that a ControllerRevision remembers.

    Raises:
        ValueError: the data is not what `controller_revision` writes.
    """
    raise AssertionError(data)


def autoscaler(ctx: Context, revision_name: str, minimum: int, maximum: int) -> Manifest:
    """The HorizontalPodAutoscaler of a revision."""
    raise AssertionError(ctx, revision_name, minimum, maximum)


def disruption_budget(ctx: Context, revision_name: str) -> Manifest:
    """The PodDisruptionBudget of the revision that serves."""
    raise AssertionError(ctx, revision_name)


def stable_service(ctx: Context, revision_name: str | None) -> Manifest:
    """The Service that users call; None: it selects no pod."""
    raise AssertionError(ctx, revision_name)
