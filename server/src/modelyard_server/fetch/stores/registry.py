"""The registry of stores: one line for each."""

from collections.abc import Callable
from importlib import import_module
from typing import Final, cast

from modelyard_server import contract
from modelyard_server.fetch.stores.base import Store, StoreContext
from modelyard_server.fetch.uri import ModelUri
from modelyard_server.report import SourceError

STORES: Final = {
    "hf": "hub.HubStore",
    "s3": "aws.s3",
    "gs": "gcs.gs",
    "az": "azure.az",
    "https": "https.HttpsStore",
    "oci": "oci.OciStore",
    "pvc": "local.pvc",
    "file": "local.file",
}
"""By scheme, what opens its store: a module of this package and a callable in it.

They are imported when asked for: the clients of all stores together take most of a command's start, and
every new pod waits for it.
"""


def open_store(uri: ModelUri, context: StoreContext) -> Store:
    """Open the store that a URI's scheme names. Nothing is read yet.

    Raises:
        SourceError: UnknownScheme, or InvalidURI by the store's own rules; both permanent.
    """
    scheme = "https" if uri.scheme == "http" and context.allow_http else uri.scheme
    if scheme not in STORES:
        raise _unknown(uri)
    module, _, name = STORES[scheme].partition(".")
    found = getattr(import_module(f"{__package__}.{module}"), name)
    return cast("Callable[[ModelUri, StoreContext], Store]", found)(uri, context)


def _unknown(uri: ModelUri) -> SourceError:
    known = ", ".join(f"{name}:" for name in STORES)
    mend = (
        "Use https: anyone on the way could change what comes over http."
        if uri.scheme == "http"
        else f"A model comes from one of {known}."
    )
    return SourceError(
        contract.REASON_UNKNOWN_SCHEME,
        f"The scheme {uri.scheme}: of {uri.shown} is not known. {mend}",
        permanent=True,
    )
