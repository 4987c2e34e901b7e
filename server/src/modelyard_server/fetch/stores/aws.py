"""`s3://BUCKET/PREFIX`: Amazon S3, and whatever speaks it."""

from pathlib import Path
from typing import Final

from obstore.store import S3Store

from modelyard_server.fetch.stores.base import StoreContext, is_true
from modelyard_server.fetch.stores.object_errors import Cloud
from modelyard_server.fetch.stores.object_store import (
    ObjectStore,
    check_endpoint,
    client_options,
    connect,
)
from modelyard_server.fetch.uri import ModelUri, invalid

S3_VARIABLES: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_METADATA_ENDPOINT",
    "AWS_SKIP_SIGNATURE",
    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
    "AWS_REQUEST_PAYER",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)
"""The variables of the AWS SDKs that are heeded, besides AWS_CA_BUNDLE and AWS_ALLOW_HTTP."""

_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")

_CLOUD: Final = Cloud(
    needs="AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    anonymous="AWS_SKIP_SIGNATURE=true",
    plain="AWS_ALLOW_HTTP",
    right="the right to read it",
    metadata=("/latest/api/token", "/latest/meta-data/", "169.254.170.2", "fd00:ec2::"),
    hints=(
        ("incorrectly configured region", "the bucket is in another region. Put AWS_REGION in the Secret."),
    ),
)


def s3(uri: ModelUri, context: StoreContext) -> ObjectStore:
    """Open `s3://bucket/prefix` on AWS or whatever AWS_ENDPOINT_URL names.

    Raises:
        SourceError: InvalidURI: no bucket, or an endpoint that is no URL.
    """
    if not uri.authority:
        raise invalid("The s3 URI names no bucket; write s3://bucket/prefix.")
    environ = context.environ
    for name in _ENDPOINTS:
        check_endpoint(environ, name, "https://s3.example.org")
    if bool(environ.get("AWS_ACCESS_KEY_ID")) != bool(environ.get("AWS_SECRET_ACCESS_KEY")):
        raise invalid(
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together; the Secret holds only one of them."
        )
    config: dict[str, str] = {name.lower(): environ[name] for name in S3_VARIABLES if environ.get(name)}
    client = client_options(allow_http=is_true(environ, "AWS_ALLOW_HTTP"))
    bundle = environ.get("AWS_CA_BUNDLE")
    if bundle:
        try:
            client["root_certificate"] = Path(bundle).read_bytes()
        except OSError as error:
            raise invalid(f"AWS_CA_BUNDLE names {bundle}, which can't be read: {error.strerror}.") from error
    backend = connect(S3Store, uri, uri.authority, config, client)
    return ObjectStore(uri, backend, _CLOUD)
