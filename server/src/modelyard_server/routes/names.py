"""The names of the one model and its one version, as protocols that know many ask for them."""

from modelyard_server.errors import ProblemError
from modelyard_server.settings import Settings

_SHOWN = 100


def check_model(settings: Settings, name: str, version: str | None = None) -> None:
    """Check that a request means the model that is here.

    Args:
        settings: They name it: the model is the deployment, its version the revision.
        name: The model that the request names.
        version: The version that it names; None or empty: any.

    Raises:
        ProblemError: 404, it means another one.
    """
    for what, given, own in (
        ("model", name, settings.deployment),
        ("version", version, settings.revision),
    ):
        if given != own and (given or what == "model"):
            raise ProblemError(
                404, "Not found", f"there is no {what} {str(given)[:_SHOWN]!r}; this server has {own!r}"
            )
