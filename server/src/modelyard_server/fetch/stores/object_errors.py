"""The errors of object stores' clients in words: the client has no class of its own for most."""

import re
from dataclasses import dataclass
from typing import Final

from modelyard_server.fetch.errors import excerpt, forbidden, internal, not_found, unreachable
from modelyard_server.fetch.uri import invalid
from modelyard_server.report import SourceError

_STATUS: Final = re.compile(r"status code: (\d{3})")
_CAUSE: Final = re.compile(r'(?:message|error): "([^"]{1,200})"|InvalidCertificate\(\s*(\w+)')
_RETRIED: Final = frozenset({408, 409, 425, 429})


@dataclass(frozen=True, slots=True)
class Cloud:
    """What messages say of one cloud's store.

    Attributes:
        needs: The keys of a Secret with credentials for it.
        anonymous: The key and value that ask without any.
        plain: The key that allows plain http, with its prefix.
        right: What a service account must be given.
        metadata: Parts of the URLs that the client asks for credentials where none are set: instance,
            container and pod metadata.
        late: Whether the metadata service may come up after the pod that asks it.
        token: Parts of the URLs where it changes an identity's token for credentials.
        hints: A text in the client's error, and what mends it.
        unresolved: What to look at where the store's name is not known to the DNS.
    """

    needs: str
    anonymous: str
    plain: str
    right: str
    metadata: tuple[str, ...]
    late: bool = False
    token: tuple[str, ...] = ()
    hints: tuple[tuple[str, str], ...] = ()
    unresolved: str = ""


def explain(error: Exception, shown: str, cloud: Cloud) -> SourceError:
    """Tell the errors for which the client has no class of their own by their text.

    Args:
        error: The client's.
        shown: The URI as messages name it.
        cloud: Whose store it is.
    """
    line = first_line(error)
    matched = _STATUS.search(line)
    status = int(matched.group(1)) if matched is not None else None
    if any(service in line for service in cloud.metadata):
        return _no_credentials(error, shown, cloud, status)
    for text, mend in cloud.hints:
        if text in line:
            return invalid(f"{shown}: {mend}")
    if "URL scheme is not allowed" in str(error) or "BadScheme" in str(error):
        return invalid(
            f"The endpoint for {shown} is plain http, which anyone on the way could change. Use https, "
            f"or put {cloud.plain}=true in the Secret."
        )
    if any(part in line for part in cloud.token):
        return _no_token(error, shown, cloud, status)
    if status is not None:
        return _status(error, shown, cloud, status)
    cause = _cause(error)
    mend = f" {cloud.unresolved}" if "dns error" in str(error)[:20_000] and cloud.unresolved else ""
    return unreachable(f"The store of {shown} can't be reached ({cause}).{mend}")


def _no_credentials(error: Exception, shown: str, cloud: Cloud, status: int | None) -> SourceError:
    keys = f"{cloud.needs}, or for a public bucket {cloud.anonymous},"
    if cloud.late and (status is None or status >= 500 or status in _RETRIED):
        return unreachable(
            f"No credentials for {shown} are set, and the node's metadata service does not answer "
            f"({_cause(error)}). Put {keys} in the Secret that spec.model.secretRef names, or run the pods "
            "where workload identity gives them some."
        )
    return forbidden(shown, "no credentials are set, and the node offers none", keys, cloud.right)


def _no_token(error: Exception, shown: str, cloud: Cloud, status: int | None) -> SourceError:
    if status is None or status >= 500 or status in _RETRIED:
        return unreachable(
            f"The service that gives the pod's identity its token for {shown} can't be reached "
            f"({_cause(error)})."
        )
    return forbidden(shown, f"the identity got no token: {said(error)}", cloud.needs, cloud.right)


def _status(error: Exception, shown: str, cloud: Cloud, status: int) -> SourceError:
    words = said(error)
    if status in {401, 403}:
        return forbidden(shown, words, cloud.needs, cloud.right)
    if status == 404:
        return not_found(f"Nothing is found at {shown} ({words}). Correct spec.model.uri.")
    if status < 500 and status not in _RETRIED:
        return internal(f"The store answered {shown} with HTTP {status} ({words}).")
    return unreachable(f"The store of {shown} has a fault of its own (HTTP {status}: {words}).")


def first_line(error: Exception) -> str:
    """The client's error without its inner state, which it prints below the first paragraph."""
    return str(error)[:20_000].partition("\n\nDebug source")[0]


def said(error: Exception) -> str:
    """What is for people in "Generic S3 error: Error performing GET URL in 2ms - what happened"."""
    line = first_line(error)
    return excerpt(line.partition(" - ")[2] or line)


def _cause(error: Exception) -> str:
    # The operating system's words stand only in the client's inner state.
    matched = _CAUSE.search(str(error)[:20_000])
    if matched is None:
        return said(error)
    return matched.group(1) or f"its certificate is refused: {matched.group(2)}"
