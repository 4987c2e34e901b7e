"""`gs://BUCKET/PREFIX`: Google Cloud Storage."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from obstore.store import GCSStore

from modelyard_server.fetch.stores.base import StoreContext, is_true
from modelyard_server.fetch.stores.object_errors import Cloud
from modelyard_server.fetch.stores.object_store import (
    ObjectStore,
    check_endpoint,
    client_options,
    connect,
)
from modelyard_server.fetch.uri import ModelUri, invalid

KEY: Final = "GOOGLE_SERVICE_ACCOUNT_KEY"
"""The JSON key of a service account itself: a Secret's keys become variables, not files."""

KEY_FILE: Final = "GOOGLE_APPLICATION_CREDENTIALS"
"""The path of a file with such a key, as Google's SDKs name it."""

_OTHERS: Final = ("GOOGLE_BASE_URL", "GOOGLE_SKIP_SIGNATURE")
_KINDS: Final = {KEY: ("service_account",), KEY_FILE: ("service_account", "authorized_user")}

_CLOUD: Final = Cloud(
    needs=f"{KEY} (the JSON key of a service account)",
    anonymous="GOOGLE_SKIP_SIGNATURE=true",
    plain="GOOGLE_ALLOW_HTTP",
    right="the role Storage Object Viewer (roles/storage.objectViewer) on the bucket",
    # What GKE's pods are given by workload identity
    # (https://cloud.google.com/kubernetes-engine/docs/concepts/workload-identity#metadata_server).
    metadata=("/computeMetadata/v1/",),
    # "the metadata server needs a few seconds before it can accept requests on a newly created pod" (ibid.)
    late=True,
)


def gs(uri: ModelUri, context: StoreContext) -> ObjectStore:
    """Open `gs://bucket/prefix`.

    Raises:
        SourceError: InvalidURI: no bucket, a key that is none, or an endpoint that is no URL.
    """
    if not uri.authority:
        raise invalid("The gs URI names no bucket; write gs://BUCKET/PREFIX.")
    environ = context.environ
    check_endpoint(environ, "GOOGLE_BASE_URL", "https://storage.example.org")
    _check_key(environ)
    names = (KEY, KEY_FILE, *_OTHERS)
    config: dict[str, str] = {name.lower(): environ[name] for name in names if environ.get(name)}
    options = client_options(allow_http=is_true(environ, "GOOGLE_ALLOW_HTTP"))
    backend = connect(GCSStore, uri, uri.authority, config, options)
    return ObjectStore(uri, backend, _CLOUD)


def _check_key(environ: Mapping[str, str]) -> None:
    """Say what is wrong with a key before the client does: its words name no variable."""
    if environ.get(KEY):
        _check_kind(KEY, environ[KEY])
    path = environ.get(KEY_FILE, "")
    if path.lstrip().startswith("{"):
        raise invalid(f"{KEY_FILE} is the path of a file, not a key: name the Secret's key {KEY} instead.")
    if path:
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise invalid(
                f"{KEY_FILE} names {path}, which can't be read in this container. Put the key itself into "
                f"the Secret as {KEY}."
            ) from error
        _check_kind(KEY_FILE, text)


def _check_kind(name: str, text: str) -> None:
    try:
        kind = json.loads(text)["type"]
    except (ValueError, KeyError, TypeError) as error:
        raise invalid(
            f"{name} is no JSON key of a service account: put the file that Google made, whole, into the "
            f"Secret (kubectl create secret generic NAME --from-file={KEY}=key.json)."
        ) from error
    if kind not in _KINDS[name]:
        raise invalid(
            f"{name} is a key of the type {str(kind)[:40]!r}, which can't be used: take one of the type "
            f"{' or '.join(_KINDS[name])}, or on GKE none at all, and workload identity."
        )
