"""Puts models into the artifact store over S3, so that objects have what real stores give them."""

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from obstore.exceptions import BaseError
from obstore.store import S3Store

from devcluster.config import Settings
from devcluster.credentials import Credentials
from devcluster.errors import DevclusterError
from devcluster.ui import Ui

SECRET_NAME = "artifact-store"  # noqa: S105 - a Secret's name


@dataclass(frozen=True)
class Target:
    """A place in the store.

    Attributes:
        bucket: The bucket.
        prefix: Path in the bucket, without slashes at its ends.
    """

    bucket: str
    prefix: str


def parse_target(uri: str) -> Target:
    """Read `s3://BUCKET/PREFIX`.

    Raises:
        DevclusterError: It is not of that form.
    """
    parts = urlsplit(uri)
    prefix = parts.path.strip("/")
    if parts.scheme != "s3" or not parts.netloc or not prefix:
        raise DevclusterError(f"{uri!r} is no place in the store: write s3://BUCKET/NAME.")
    return Target(parts.netloc, prefix)


def secret_manifest(settings: Settings, credentials: Credentials, name: str, namespace: str | None) -> str:
    """A Secret with which pods read the store.

    Args:
        settings: Has the store's URL.
        credentials: The keys.
        name: The Secret's name.
        namespace: Its namespace; None leaves that to `kubectl apply -n`.

    Returns:
        JSON, which `kubectl apply -f -` takes.
    """
    variables = credentials.environment(settings.store_service_url)
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    data = {key: base64.b64encode(value.encode()).decode() for key, value in variables.items()}
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data}
    return json.dumps(manifest, indent=2)


def put(settings: Settings, credentials: Credentials, folder: Path, target: Target, ui: Ui) -> int:
    """Make a prefix of the store equal to a folder, uploading only what differs.

    Args:
        settings: Has the store's address.
        credentials: The keys.
        folder: What to upload.
        target: Where to; objects there that are not in the folder are deleted.
        ui: Shows the progress.

    Returns:
        How many objects were uploaded.

    Raises:
        DevclusterError: The folder holds no files or the store refuses.
    """
    files = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
    if not files:
        raise DevclusterError(f"{folder} holds no files.")
    # versitygw's buckets are folders; obstore cannot create one over S3.
    (settings.state_dir / "store" / "objects" / target.bucket).mkdir(exist_ok=True)
    store = S3Store(
        target.bucket,
        prefix=target.prefix,
        endpoint=settings.store_url,
        access_key_id=credentials.access_key,
        secret_access_key=credentials.secret_key,
        region=credentials.region,
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )
    try:
        with ui.step(f"Upload {folder} to s3://{target.bucket}/{target.prefix}") as step:
            there = {item["path"]: (item["e_tag"] or "").strip('"') for page in store.list() for item in page}
            uploaded = 0
            for name, path in files.items():
                # One put, no multipart: its ETag is the MD5 of the content.
                content = path.read_bytes()
                if there.pop(name, None) != hashlib.md5(content, usedforsecurity=False).hexdigest():
                    step.detail = name
                    store.put(name, content, use_multipart=False)
                    uploaded += 1
            if there:
                store.delete(list(there))
            step.detail = f"{uploaded} of {len(files)} files new or changed"
    except BaseError as error:
        raise DevclusterError(f"The artifact store refused: {error}") from None
    return uploaded
