"""Holding what was fetched to what was promised."""

from modelyard_server import contract
from modelyard_server.fetch.errors import source_changed
from modelyard_server.fetch.retry import Patience
from modelyard_server.fetch.stores.base import Store
from modelyard_server.fetch.survey import Survey
from modelyard_server.fetch.uri import ModelUri, invalid
from modelyard_server.report import SourceError


def check_digest(actual: str, wanted: str | None, shown: str) -> None:
    """Hold the content's digest to the one wanted.

    Raises:
        SourceError: DigestMismatch, permanent, naming both.
    """
    if wanted is None or actual == wanted:
        return
    raise SourceError(
        contract.REASON_DIGEST_MISMATCH,
        f"The files of {shown} have the digest {actual}, but {wanted} is wanted. Nothing of them is served; "
        "if they are right, put their digest into spec.model.digest.",
        permanent=True,
    )


def check_pin(store: Store, uri: ModelUri, surveyed: Survey, patience: Patience) -> None:
    """Hold the source as it is now to the pinned reference.

    Raises:
        SourceError: SourceChanged, permanent; InvalidURI where the reference carries no pin.
    """
    if patience.call(lambda: store.pin(surveyed.needed)) == str(uri):
        return
    if uri.pin is None:
        raise invalid(f"{uri.shown} is no pinned reference; fetch takes the one that resolve reports.")
    raise source_changed(uri.shown, "other files stand")
