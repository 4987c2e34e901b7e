"""Refusals of the edge (https://www.rfc-editor.org/rfc/rfc6750#section-3.1)."""

from modelyard_server.errors import ProblemError

_REALM = 'Bearer realm="modelyard"'


def unauthorized(detail: str, *, given: bool) -> ProblemError:
    """Nobody is known by these credentials.

    Args:
        detail: What is wrong with them, never quoting them.
        given: Whether there were any; without, the challenge names no error.
    """
    challenge = f'{_REALM}, error="invalid_token"' if given else _REALM
    return ProblemError(401, "Unauthorized", detail, headers={"www-authenticate": challenge})


def wrong_audience() -> ProblemError:
    """The token holds, but was given out for another service: a new one of the kind would not help."""
    return ProblemError(
        403,
        "Forbidden",
        "the token is meant for another audience: ask its issuer for one with this deployment's",
        headers={"www-authenticate": f'{_REALM}, error="insufficient_scope"'},
    )
