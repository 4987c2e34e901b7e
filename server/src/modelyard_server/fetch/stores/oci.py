"""`oci://HOST/REPOSITORY[:TAG]`: artifacts of a container registry, one file a layer."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from modelyard_server.fetch.errors import internal
from modelyard_server.fetch.stores.base import MOST_FILES, Entry, StoreContext, is_true
from modelyard_server.fetch.stores.http_client import HttpReader
from modelyard_server.fetch.stores.oci_login import NEEDS, RegistryAuth, find_login
from modelyard_server.fetch.uri import ModelUri, invalid
from modelyard_server.report import not_a_model

ENV_ALLOW_HTTP: Final = "OCI_ALLOW_HTTP"
"""`true` lets the registry be asked by plain http, for those inside a cluster."""

DEFAULT_TAG: Final = "latest"
_MANIFESTS: Final = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_INDEXES: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_LONGEST_MANIFEST: Final = 4 << 20
"""Bytes; registries need not take longer ones (distribution-spec, "Pushing Manifests")."""

# https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests
_PART: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE: Final = re.compile(
    rf"^({_PART}(?:/{_PART})*)(?::([A-Za-z0-9_][A-Za-z0-9._-]{{0,127}}))?(?:@(sha256:[0-9a-f]{{64}}))?$"
)

# What names a layer's file: ORAS and whoever follows it, and CNCF's ModelPack.
_TITLES: Final = ("org.opencontainers.image.title", "org.cncf.model.filepath")
_UNPACK: Final = "io.deis.oras.content.unpack"
_PACKED: Final = re.compile(r"\.tar(\+gzip|\+zstd)?$")
_MODEL_PACK: Final = "application/vnd.cncf.model."


@dataclass(frozen=True, slots=True)
class Reference:
    """What an `oci://` URI names.

    Attributes:
        repository: Such as `models/sentiment`.
        version: A tag, or a digest of a manifest (`sha256:…`).
    """

    repository: str
    version: str

    @property
    def digest(self) -> str | None:
        """The digest, where it is one."""
        return self.version if self.version.startswith("sha256:") else None


def read_reference(uri: ModelUri) -> Reference:
    """Take the path of an `oci://` URI apart; where it has both, the digest counts and the tag is a remark.

    Raises:
        SourceError: InvalidURI.
    """
    matched = _REFERENCE.match(uri.path)
    if not uri.authority or matched is None:
        raise invalid(
            f"{uri.shown} names no artifact; write oci://HOST/REPOSITORY:TAG or "
            "oci://HOST/REPOSITORY@sha256:DIGEST, in lower case but for the tag."
        )
    repository, tag, digest = matched.groups()
    return Reference(repository, digest or tag or DEFAULT_TAG)


def files(manifest: Mapping[str, Any], shown: str) -> list[Entry]:
    """The files that a manifest's layers name.

    Args:
        manifest: An image manifest
            (https://github.com/opencontainers/image-spec/blob/v1.1.0/manifest.md).
        shown: The URI, as messages name it.

    Raises:
        SourceError: NotAModel: none is a file, or one would climb out of its folder.
    """
    entries, packed = [], []
    for layer in manifest["layers"]:
        annotations = layer.get("annotations") or {}
        title = next((annotations[name] for name in _TITLES if name in annotations), "")
        if not title:
            continue
        path = PurePosixPath(title)
        if path.is_absolute() or ".." in path.parts:
            raise not_a_model(
                f"A layer of {shown} is named {title!r}, which leads out of the model's folder."
            )
        if annotations.get(_UNPACK) == "true" or _is_packed(layer["mediaType"]):
            packed.append(title)
            continue
        digest = str(layer["digest"])
        hashed = digest.removeprefix("sha256:") if digest.startswith("sha256:") else None
        entries.append(Entry(str(path), int(layer["size"]), digest, hashed))
    if not entries:
        what = f"the packed folder {packed[0]!r}" if packed else "an image"
        raise not_a_model(
            f"{shown} is {what}, not files that can be fetched one by one. Push the files themselves "
            "from within their folder: `oras push HOST/REPOSITORY:TAG model.onnx config.json …`."
        )
    return entries


def _is_packed(media_type: str) -> bool:
    # ORAS calls a plain file `….layer.v1.tar` too, unless told otherwise.
    return media_type.startswith(_MODEL_PACK) and _PACKED.search(media_type) is not None


class OciStore:
    """An artifact of a registry; see the protocol in `base`.

    Raises:
        SourceError: InvalidURI.
    """

    def __init__(self, uri: ModelUri, context: StoreContext) -> None:
        self._uri = uri
        self._reference = read_reference(uri)
        allow_http = is_true(context.environ, ENV_ALLOW_HTTP)
        scheme = "http" if allow_http else "https"
        self._base = f"{scheme}://{uri.authority}/v2/{self._reference.repository}"
        self._reader = HttpReader(
            headers={"Accept": ", ".join((*_MANIFESTS, *_INDEXES))},
            auth=RegistryAuth(find_login(context.environ, uri.authority, self._reference.repository)),
            allow_http=allow_http,
            needs=NEEDS,
        )
        self._digest = self._reference.digest

    def entries(self) -> Sequence[Entry]:
        """List the files of the manifest, and remember which it was."""
        text = self._manifest()
        digest = f"sha256:{hashlib.sha256(text).hexdigest()}"
        if self._reference.digest not in {None, digest}:
            raise internal(
                f"The registry gave another manifest for {self._uri.shown} than the one of its digest."
            )
        try:
            manifest = json.loads(text)
            if manifest.get("mediaType") in _INDEXES or "manifests" in manifest:
                raise not_a_model(
                    f"{self._uri.shown} is an index of several artifacts; write the one of them by its "
                    "digest, oci://HOST/REPOSITORY@sha256:DIGEST."
                )
            found = files(manifest, self._uri.shown)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise internal(
                f"The registry's manifest of {self._uri.shown} can't be read ({error!r})."
            ) from error
        if len(found) > MOST_FILES:
            raise invalid(f"{self._uri.shown} holds more than {MOST_FILES:,} files; it is not one model.")
        self._digest = digest
        return found

    def pin(self, needed: Sequence[Entry]) -> str:
        """Pin by the manifest's digest, which is immutable."""
        del needed
        return f"oci://{self._uri.authority}/{self._reference.repository}@{self._digest}"

    def read(self, entry: Entry, offset: int = 0) -> Iterator[bytes]:
        """Read a layer; its digest is its name."""
        return self._reader.read(f"{self._base}/blobs/{entry.tag}", offset)

    def verified_in_place(self, entry: Entry) -> str | None:
        """Nothing is here yet."""
        del entry
        return None

    def _manifest(self) -> bytes:
        text = b""
        for chunk in self._reader.read(f"{self._base}/manifests/{self._reference.version}", 0):
            text += chunk
            if len(text) > _LONGEST_MANIFEST:
                raise not_a_model(
                    f"The manifest of {self._uri.shown} is longer than {_LONGEST_MANIFEST:,} bytes."
                )
        return text
