"""`az://CONTAINER/PATH` and `az://ACCOUNT.blob.core.windows.net/CONTAINER/PATH`: Azure blob storage.

Container and path is what `az:` means to adlfs, pandas, Polars and others, with the account in a variable
(https://github.com/fsspec/adlfs). The whole name of the account before it, as DuckDB takes it
(https://duckdb.org/docs/stable/core_extensions/azure), needs no variable, and so no Secret where the pods
have an identity. Names of containers hold no dot, so the two can't be taken for each other.
"""

import re
from collections.abc import Mapping
from typing import Final

from obstore.store import AzureStore

from modelyard_server.fetch.stores.base import StoreContext, is_true
from modelyard_server.fetch.stores.object_errors import Cloud
from modelyard_server.fetch.stores.object_store import (
    ObjectStore,
    check_endpoint,
    client_options,
    connect,
)
from modelyard_server.fetch.uri import ModelUri, invalid

ACCOUNT: Final = ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT")
"""The account's name, as adlfs and as the Azure CLI names its variable."""

ACCOUNT_KEY: Final = ("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_KEY")
"""The account's key, by the same two."""

ENDPOINT: Final = "AZURE_STORAGE_ENDPOINT"
SAS: Final = "AZURE_STORAGE_SAS_TOKEN"

_OTHERS: Final = (
    ENDPOINT,
    SAS,
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_SKIP_SIGNATURE",
    "AZURE_MSI_ENDPOINT",
    "AZURE_OBJECT_ID",
    "AZURE_MSI_RESOURCE_ID",
)
_AUTHORITY: Final = "AZURE_AUTHORITY_HOST"
# Also the hosts of the sovereign clouds, of Azure Stack Hub and of DNS zones of storage accounts.
_HOST: Final = re.compile(r"([a-z0-9]{3,24})\.(z[0-9]+\.)?blob\.[a-z0-9.-]+")

_CLOUD: Final = Cloud(
    needs=f"{ACCOUNT_KEY[0]}, {SAS}, or AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
    anonymous="AZURE_SKIP_SIGNATURE=true",
    plain="AZURE_ALLOW_HTTP",
    right="the role Storage Blob Data Reader on the container",
    metadata=("/metadata/identity/", "api-version=2019-08-01&resource="),
    token=("/oauth2/v2.0/token",),
    hints=(
        (
            "Error reading federated token file",
            "AZURE_FEDERATED_TOKEN_FILE names a file that can't be read in this container. Leave it out of "
            "the Secret: the webhook of workload identity sets it.",
        ),
    ),
    unresolved="Is the account's name right?",
)


def az(uri: ModelUri, context: StoreContext) -> ObjectStore:
    """Open `az://container/path`, or the same after the account's host.

    Raises:
        SourceError: InvalidURI: no container, no account named, or settings that can't be used.
    """
    environ = context.environ
    host, container, path = _parts(uri)
    check_endpoint(environ, ENDPOINT, "https://ACCOUNT.blob.core.windows.net")
    config: dict[str, str] = {name.lower(): environ[name] for name in _OTHERS if environ.get(name)}
    config["azure_storage_account_name"] = _account(uri, host, environ)
    if host:
        config[ENDPOINT.lower()] = f"https://{host}"
    key = _first(environ, ACCOUNT_KEY)
    if key:
        config["azure_storage_account_key"] = key
    elif environ.get(SAS):
        # Else a pod's identity, which the webhook of workload identity sets, would go before it.
        config["azure_credential_type"] = "sas_token"
    if environ.get(_AUTHORITY):
        # The webhook sets it with a slash at its end; the client puts one more.
        config[_AUTHORITY.lower()] = environ[_AUTHORITY].rstrip("/")
    options = client_options(allow_http=is_true(environ, "AZURE_ALLOW_HTTP"))
    backend = connect(AzureStore, uri, container, config, options)
    return ObjectStore(uri, backend, _CLOUD, path)


def _parts(uri: ModelUri) -> tuple[str, str, str]:
    """Host (or nothing), container and path."""
    if "." not in uri.authority:
        host, container, path = "", uri.authority, uri.path
    else:
        host = uri.authority
        if _HOST.fullmatch(host) is None:
            raise invalid(
                f"{host} in {uri.shown} is no host of a storage account; write "
                "az://ACCOUNT.blob.core.windows.net/CONTAINER/PATH."
            )
        container, _, path = uri.path.partition("/")
    if not container:
        raise invalid(
            f"The az URI {uri.shown} names no container; write az://CONTAINER/PATH, or "
            "az://ACCOUNT.blob.core.windows.net/CONTAINER/PATH."
        )
    return host, container, path


def _account(uri: ModelUri, host: str, environ: Mapping[str, str]) -> str:
    told = _first(environ, ACCOUNT)
    if not host:
        if not told:
            raise invalid(
                f"{uri.shown} names no storage account: write spec.model.uri as "
                f"az://ACCOUNT.blob.core.windows.net/{uri.shown.removeprefix('az://')}, or put {ACCOUNT[0]} "
                "in the Secret that spec.model.secretRef names."
            )
        return told
    named = host.partition(".")[0]
    if told and told != named:
        raise invalid(
            f"{uri.shown} names the storage account {named}, but the Secret {told} ({ACCOUNT[0]}): take one "
            "out."
        )
    return named


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((environ[name] for name in names if environ.get(name)), "")
