"""JSON Web Tokens of one issuer (https://www.rfc-editor.org/rfc/rfc7519)."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Final

import jwt
from jwt.exceptions import InvalidAudienceError, PyJWTError

from modelyard_server.edge.jwks import IssuerKeys
from modelyard_server.edge.problems import unauthorized, wrong_audience
from modelyard_server.errors import ProblemError

ALGORITHMS: Final = ("RS256", "ES256", "EdDSA")
"""Signatures that are accepted: asymmetric ones alone, so never `none`."""
LEEWAY_SECONDS = 30
"""Seconds by which the issuer's clock may differ."""
_MAX_TOKEN_BYTES = 16 * 1024
_REMEMBERED = 4096


class Tokens:
    """Checks tokens; what was checked is remembered for as long as it holds.

    Args:
        issuer: What `iss` must be.
        audiences: One of them must be in `aud`; none: it is not looked at.
        keys: The issuer's.
        clock: Seconds since the epoch.
    """

    def __init__(
        self, issuer: str, audiences: Sequence[str], keys: IssuerKeys, clock: Callable[[], float]
    ) -> None:
        self._issuer = issuer
        self._audiences = list(audiences)
        self.keys = keys
        self._clock = clock
        # By hash: the subject, when the token ends, and the generation of keys that it was checked with.
        self._checked: OrderedDict[bytes, tuple[str, float, int]] = OrderedDict()

    def subject(self, token: bytes, *, learnt: bool = False) -> str | None:
        """Check a token.

        Args:
            token: The token.
            learnt: Whether the keys were fetched for it already.

        Returns:
            Its `sub`; None: it is signed with a key that is not known yet, so fetch the keys and ask again.

        Raises:
            ProblemError: 401, the token does not hold; 403, it is meant for somebody else; 503, the keys
                could never be fetched.
        """
        if len(token) > _MAX_TOKEN_BYTES:
            raise unauthorized("the token is too long", given=True)
        digest = hashlib.sha256(token).digest()
        known = self._checked.get(digest)
        if known is not None and known[1] > self._clock() and known[2] == self.keys.generation:
            self._checked.move_to_end(digest)
            return known[0]
        claims = self._claims(token, learnt)
        if claims is None:
            return None
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject:
            raise unauthorized("the token has no subject (sub)", given=True)
        self._checked[digest] = (subject, float(claims["exp"]) + LEEWAY_SECONDS, self.keys.generation)
        if len(self._checked) > _REMEMBERED:
            self._checked.popitem(last=False)
        return subject

    def _claims(self, token: bytes, learnt: bool) -> dict[str, Any] | None:
        try:
            header = jwt.get_unverified_header(token)
        except PyJWTError:
            raise unauthorized("the token is malformed", given=True) from None
        if header.get("alg") not in ALGORITHMS:
            raise unauthorized(f"the token must be signed with {', '.join(ALGORITHMS)}", given=True)
        key_id = header.get("kid")
        key = self.keys.find(key_id)
        if key is None:
            if not learnt and self.keys.may_fetch():
                return None
            if not self.keys.known:
                raise keys_missing()
            raise unauthorized("the token is signed with a key that its issuer does not have", given=True)
        try:
            return self._decode(token, key)
        except InvalidAudienceError:
            raise wrong_audience() from None
        except PyJWTError as error:
            # The library's words name the claim that fails and never quote the token.
            raise unauthorized(f"the token does not hold: {error}", given=True) from None

    def _decode(self, token: bytes, key: jwt.PyJWK) -> dict[str, Any]:
        return jwt.decode(
            token,
            key,
            algorithms=list(ALGORITHMS),
            issuer=self._issuer,
            audience=self._audiences or None,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iss"], "verify_aud": bool(self._audiences)},
        )


def keys_missing() -> ProblemError:
    """No token can be checked: the issuer's keys could never be had."""
    return ProblemError(
        503,
        "Tokens can't be checked",
        "the keys of the tokens' issuer could not be fetched yet; the server's log says why",
        retry_after=5,
    )
