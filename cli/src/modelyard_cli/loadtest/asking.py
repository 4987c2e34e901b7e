"""HTTP as the command itself speaks it: one request, one answer."""

import http.client
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

from modelyard_cli.loadtest.address import is_address


class Unanswered(Exception):  # noqa: N818 - it is what came of asking
    """Nobody answered, or not in HTTP; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: Of HTTP.
        body: As it was sent.
    """

    status: int
    body: bytes


def ask(
    url: str,
    *,
    patience: float,
    form: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Ask an address; a refusal is an answer too.

    Args:
        url: Of HTTP.
        patience: Seconds to wait for an answer.
        form: Sent by POST; None: it is a GET.
        headers: Besides the usual ones.

    Raises:
        Unanswered: There was no answer.
    """
    if not is_address(url):
        raise Unanswered("it must begin with http:// or https://")
    data = None if form is None else urllib.parse.urlencode(form).encode()
    try:
        # The scheme is one of HTTP's, see above.
        request = urllib.request.Request(url, data, dict(headers or {}))  # noqa: S310
        with urllib.request.urlopen(request, timeout=patience) as answer:  # noqa: S310
            return Answer(answer.status, answer.read())
    except urllib.error.HTTPError as refusal:
        return Answer(refusal.code, refusal.read())
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Unanswered(str(error)) from None
