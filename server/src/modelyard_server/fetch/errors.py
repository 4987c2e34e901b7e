"""Errors of stores in words for a person: short, and without secrets."""

import re
from collections.abc import Mapping
from typing import Final

from modelyard_server import contract
from modelyard_server.report import SourceError

_QUERY: Final = re.compile(r"(https?://[^\s?#\"'<>]*)\?[^\s\"'<>]*")
_USER_INFO: Final = re.compile(r"(https?://)[^\s/@\"'<>]+@")
_S3_ERROR: Final = re.compile(r"<Code>([^<]{1,200})</Code>.*?<Message>([^<]{1,500})</Message>", re.DOTALL)
# Azure's messages end with the time and the number of the request: two tries would never say the same.
_REQUEST: Final = re.compile(r"\s*RequestId:.*", re.DOTALL)
_OAUTH_ERROR: Final = re.compile(r'"error_description"\s*:\s*"((?:[^"\\]|\\.){1,500})"')
_OAUTH_REQUEST: Final = re.compile(r"(\s|\\r|\\n)*Trace ID:.*", re.DOTALL)
_SECRET_NAME: Final = re.compile(
    r"TOKEN|SECRET|PASSWORD|CREDENTIAL|ACCESS_KEY|ACCOUNT_KEY|STORAGE_KEY|SAS", re.IGNORECASE
)
_SHORTEST_SECRET: Final = 6
_EXCERPT: Final = 300
_SCANNED: Final = 20_000


def excerpt(text: str, limit: int = _EXCERPT) -> str:
    """Cut a store's answer down to what a person can use.

    Args:
        text: Any text, of any length: an error body, an exception's text.
        limit: The most characters to return.

    Returns:
        One line. Of an S3 or Azure error document only code and message are kept, of a refused token
        (https://www.rfc-editor.org/rfc/rfc6749#section-5.2) its description; URLs lose their query (it may
        be a signature) and their user name.
    """
    text = text[:_SCANNED]
    matched = _S3_ERROR.search(text)
    if matched is not None:
        text = f"{matched.group(1)}: {_REQUEST.sub('', matched.group(2))}"
    elif (matched := _OAUTH_ERROR.search(text)) is not None:
        text = _OAUTH_REQUEST.sub("", matched.group(1))
    text = " ".join(without_signatures(text).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def without_signatures(text: str) -> str:
    """Take the query and the user name out of every URL in a text."""
    return _USER_INFO.sub(r"\1", _QUERY.sub(r"\1", text))


def without_secrets(text: str, environ: Mapping[str, str]) -> str:
    """Blot out every credential of the environment that a text holds.

    Args:
        text: A message or traceback.
        environ: The environment; variables that sound like a secret are taken for one.
    """
    for name, value in environ.items():
        if _SECRET_NAME.search(name) and len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, "[hidden]")
    return without_signatures(text)


def not_found(message: str) -> SourceError:
    """Nothing there: permanent until someone puts it there or writes another URI."""
    return SourceError(contract.REASON_NOT_FOUND, message, permanent=True)


def forbidden(shown: str, detail: str, needs: str, right: str = "the right to read it") -> SourceError:
    """The store refused the credentials, or their absence.

    Args:
        shown: The URI as messages name it.
        detail: What the store said.
        needs: The keys that the Secret must hold for this store.
        right: What the service account must be given instead.
    """
    said = f" ({detail})" if detail else ""
    return SourceError(
        contract.REASON_FORBIDDEN,
        f"The store refused access to {shown}{said}. Put {needs} in the Secret that spec.model.secretRef "
        f"names, or give the service account {right}.",
        permanent=True,
    )


def unreachable(message: str) -> SourceError:
    """The store could not be reached or had a fault of its own: worth another try."""
    return SourceError(contract.REASON_UNREACHABLE, message, permanent=False)


def source_changed(shown: str, what: str) -> SourceError:
    """The source no longer is what the revision was made from."""
    return SourceError(
        contract.REASON_SOURCE_CHANGED,
        f"The source changed since this revision was made: {what} at {shown}. Its bytes are not served under "
        "this revision; make a new one by changing spec.model, or put the old files back.",
        permanent=True,
    )


def internal(message: str) -> SourceError:
    """Something that has no better name."""
    return SourceError(contract.REASON_INTERNAL, message, permanent=False)
