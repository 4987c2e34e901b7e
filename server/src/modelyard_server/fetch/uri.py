"""Model URIs: what a user writes in `spec.model.uri`, and the pinned references made of them."""

import re
from dataclasses import dataclass, replace
from typing import Final, Literal

from modelyard_server import contract
from modelyard_server.report import SourceError

PinKind = Literal["manifest", "sha256"]

_PIN: Final = re.compile(r"@(manifest|sha256):([0-9a-f]{64})$")
_SCHEME: Final = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.-]*):")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x20\x7f]")
_ARCHIVE_SUFFIXES: Final = (".tar.gz", ".tgz", ".zip")


@dataclass(frozen=True, slots=True)
class ModelUri:
    """A model URI in its parts; what they mean is the store's matter.

    Attributes:
        scheme: Lower case, without the colon.
        authority: What stands between `//` and the next slash: bucket, host, claim, organisation.
        path: The rest, without slashes at either end.
        query: What follows `?` (https alone), without it.
        pin: `manifest:…` or `sha256:…` of a pinned reference.
    """

    scheme: str
    authority: str
    path: str
    query: str = ""
    pin: str | None = None

    def __str__(self) -> str:
        query = f"?{self.query}" if self.query else ""
        pin = f"@{self.pin}" if self.pin else ""
        return f"{self._address()}{query}{pin}"

    @property
    def shown(self) -> str:
        """The URI as messages name it: a query may be a signature, so it is left out, and so is the pin."""
        return self._address()

    @property
    def name(self) -> str:
        """The last segment of the path."""
        return self.path.rpartition("/")[2]

    @property
    def is_archive(self) -> bool:
        """Whether the URI names an archive that `fetch` unpacks."""
        return self.scheme != "oci" and self.path.lower().endswith(_ARCHIVE_SUFFIXES)

    @property
    def is_file(self) -> bool:
        """Whether the URI names one file (an ONNX model or an archive) rather than a folder."""
        return self.is_archive or self.path.endswith(".onnx")

    def pinned(self, kind: PinKind, hexdigest: str) -> "ModelUri":
        """The immutable reference: this URI with a pin of 64 hex digits."""
        return replace(self, pin=f"{kind}:{hexdigest}")

    def _address(self) -> str:
        if self.scheme == "file":
            return f"file://{self.authority}/{self.path}"
        tail = f"/{self.path}" if self.path else ""
        return f"{self.scheme}://{self.authority}{tail}"


def parse(text: str) -> ModelUri:
    """Take a model URI, pinned or not, apart.

    Args:
        text: Such as `s3://bucket/prefix`, `hf://org/repo@main/onnx`, `file:/models/x`,
            `https://host/model.onnx@manifest:…`.

    Raises:
        SourceError: InvalidURI, permanent.
    """
    matched = _SCHEME.match(text)
    if matched is None:
        raise invalid(
            f"{_without_query(text)!r} is not a model URI: it needs a scheme, such as "
            "hf://org/repo, s3://bucket/prefix, gs://bucket/prefix, az://container/path, "
            "https://host/model.onnx, oci://host/repository:tag, pvc://claim/path or file:/path."
        )
    if _UNPRINTABLE.search(text):
        raise invalid(f"The model URI {_without_query(text)!r} holds a space or a control character.")
    scheme = matched.group(1).lower()
    rest = text[matched.end() :]

    pin: str | None = None
    # What is a pin elsewhere is a registry's own way to name an artifact.
    pinned = _PIN.search(rest) if scheme != "oci" else None
    if pinned is not None:
        pin = f"{pinned.group(1)}:{pinned.group(2)}"
        rest = rest[: pinned.start()]

    query = ""
    if scheme in {"https", "http"}:
        rest, _, query = rest.partition("?")
        if "#" in rest or "#" in query:
            raise invalid(f"The model URI {scheme}:{rest} holds a #fragment; leave it out.")

    authority = ""
    if rest.startswith("//"):
        authority, _, path = rest[2:].partition("/")
    elif scheme == "file" and rest.startswith("/"):
        path = rest
    else:
        raise invalid(f"{_without_query(text)!r} is not a model URI: two slashes follow the scheme.")
    if "@" in authority:
        # Not shown: it may hold a password.
        raise invalid(
            f"The {scheme} URI holds a user name or password before its host. Put credentials in the Secret "
            "that spec.model.secretRef names."
        )
    path = path.strip("/")
    if any(segment in {".", ".."} for segment in path.split("/")):
        raise invalid(
            f"The path of the model URI {_without_query(text)!r} must not hold '.' or '..' segments."
        )
    return ModelUri(scheme=scheme, authority=authority, path=path, query=query, pin=pin)


def invalid(message: str) -> SourceError:
    """An InvalidURI error: only writing another URI mends it."""
    return SourceError(contract.REASON_INVALID_URI, message, permanent=True)


def _without_query(text: str) -> str:
    return text.partition("?")[0][:200]
