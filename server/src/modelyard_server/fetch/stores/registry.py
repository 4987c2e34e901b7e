"""The stores a model can come from: one file each, one line in the registry each."""

from collections.abc import Callable
from typing import Final

from modelyard_server import contract
from modelyard_server.fetch.stores import https, hub, local, object_store
from modelyard_server.fetch.stores.base import Store, StoreContext
from modelyard_server.fetch.uri import ModelUri
from modelyard_server.report import SourceError

STORES: Final[dict[str, Callable[[ModelUri, StoreContext], Store]]] = {
    "hf": hub.HubStore,
    "s3": object_store.s3,
    "https": https.HttpsStore,
    "pvc": local.pvc,
    "file": local.file,
}


def open_store(uri: ModelUri, context: StoreContext) -> Store:
    """Open the store that a URI's scheme names. Nothing is read yet.

    Raises:
        SourceError: UnknownScheme, or InvalidURI by the store's own rules; both permanent.
    """
    scheme = "https" if uri.scheme == "http" and context.allow_http else uri.scheme
    opener = STORES.get(scheme)
    if opener is not None:
        return opener(uri, context)
    known = ", ".join(f"{name}:" for name in STORES)
    mend = (
        "Use https: anyone on the way could change what comes over http."
        if scheme == "http"
        else f"A model comes from one of {known}."
    )
    raise SourceError(
        contract.REASON_UNKNOWN_SCHEME,
        f"The scheme {scheme}: of {uri.shown} is not known. {mend}",
        permanent=True,
    )
