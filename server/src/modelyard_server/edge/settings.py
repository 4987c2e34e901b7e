"""What the spec says of auth, rate limit and log, as the operator hands it over."""

import math
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from modelyard_server import contract
from modelyard_server.edge.redaction import Redaction
from modelyard_server.settings import SettingsError

DEFAULT_KEY_HEADER = "X-API-Key"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, extra="forbid")


class ApiKeySettings(_Section):
    """API keys.

    Attributes:
        header: Name of the header that carries a key; `Authorization: Bearer` does so too.
        secret_ref: The Secret that is mounted; the operator's business.
    """

    header: str = Field(DEFAULT_KEY_HEADER, pattern=r"^[A-Za-z0-9-]{1,64}$")
    secret_ref: dict[str, Any] | None = None


class JwtSettings(_Section):
    """Tokens of an issuer.

    Attributes:
        issuer: What their `iss` must be.
        jwks_uri: Where the issuer's keys are; None: its OIDC discovery document says so.
        audiences: One of them must be in `aud`; none: it is not looked at.
    """

    issuer: str = Field(min_length=1)
    jwks_uri: str | None = None
    audiences: tuple[str, ...] = ()


class AuthSettings(_Section):
    """Who may ask; with both kinds, either admits."""

    api_keys: ApiKeySettings | None = None
    jwt: JwtSettings | None = None


class RateLimitSettings(_Section):
    """How often each identity may ask.

    Attributes:
        requests_per_second: Rate at which a bucket fills.
        burst: How many requests it holds; None: those of one second.
    """

    requests_per_second: float = Field(gt=0, allow_inf_nan=False)
    burst: int | None = Field(None, ge=1)

    @property
    def capacity(self) -> int:
        """How many requests may come at once."""
        return self.burst or max(1, math.ceil(self.requests_per_second))


class LogSettings(_Section):
    """What is noted of requests.

    Attributes:
        sink: Where records go.
        path: The file of sink `file`.
        url: The address of sink `http`.
        sampling: Share of the requests that is noted.
        redact: What is left out or masked; see `edge.redaction`.
    """

    sink: Literal["stdout", "file", "http"]
    path: Path | None = None
    url: str | None = None
    sampling: float = Field(1.0, ge=0, le=1)
    redact: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> "LogSettings":
        if self.sink == "file" and self.path is None:
            raise ValueError("sink file needs a path: add log.path")
        if self.sink == "http" and not (self.url or "").startswith(("http://", "https://")):
            raise ValueError("sink http needs an http:// or https:// address: add log.url")
        Redaction(self.redact)
        return self


class EdgeSettings(_Section):
    """The whole of it; what is absent is off."""

    auth: AuthSettings | None = None
    rate_limit: RateLimitSettings | None = None
    log: LogSettings | None = None


def read_edge_settings(text: str) -> EdgeSettings:
    """Read the contract's ENV_EDGE; empty text turns everything off.

    Raises:
        SettingsError: It is not of the contract's form.
    """
    if not text:
        return EdgeSettings()
    try:
        return EdgeSettings.model_validate_json(text)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'it'}: {fault['msg']}" for fault in error.errors()
        )
        raise SettingsError(
            f"{contract.ENV_EDGE} can't be used ({faults}): correct spec.server.auth, .rateLimit or .log"
        ) from None
