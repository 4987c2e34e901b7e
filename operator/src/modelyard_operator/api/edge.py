"""`spec.server.{auth,rateLimit,log}`: who may ask, how often, and what is written down of it."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from modelyard_operator.api.base import ApiModel, LocalObjectReference
from modelyard_operator.api.rules import Rule, matching, rules

LOG_DIR = "/var/log/modelyard"
"""Where the sink `file` writes: an emptyDir of the pod."""

_HEADER = r"^[A-Za-z0-9][A-Za-z0-9-]*$"
_HTTPS = r"^https://[^\s/?#@]+(/[^\s?#]*)?$"
_HTTP = r"^https?://[^\s/?#@]+(/[^\s#]*)?$"
_LOG_FILE = r"^/var/log/modelyard/[A-Za-z0-9_-][A-Za-z0-9._-]*$"

HttpsUrl = Annotated[
    str,
    Field(min_length=1, max_length=1024),
    matching(_HTTPS, "is no https address: write it as https://HOST/PATH, without user, query and fragment"),
]


class ApiKeys(ApiModel):
    """Clients that show a key."""

    secret_ref: LocalObjectReference
    """A Secret with one key a client: the name says who it is, the content is its API key, or `sha256:` and
    the 64 hex digits of its hash. A change reaches running pods when the kubelet has brought it."""

    header: Annotated[
        str,
        Field(min_length=1, max_length=64),
        matching(_HEADER, "is no name of a header: use letters, digits and '-', such as X-API-Key"),
    ] = "X-API-Key"
    """The request header that holds the key."""


class Jwt(ApiModel):
    """Clients that show a token of an identity provider, as `Authorization: Bearer TOKEN`."""

    issuer: HttpsUrl
    """Whose tokens are taken: their `iss`, to the letter."""

    jwks_uri: HttpsUrl | None = None
    """Where the issuer's keys are; left out: as its /.well-known/openid-configuration says. The pods must
    be able to reach it."""

    audiences: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=253)], ...], Field(min_length=1, max_length=16)
    ]
    """A token must be for one of these: its `aud`."""


class Auth(ApiModel):
    """Who may ask; all others get 401 or 403 before any work is done."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                rule="has(self.apiKeys) || has(self.jwt)",
                message="names no way to be known: write apiKeys, jwt or both; or leave auth out",
            )
        )
    )

    api_keys: ApiKeys | None = None
    """Let in who shows an API key."""

    jwt: Jwt | None = None
    """Let in who shows a token of an identity provider; beside `apiKeys`, either is enough."""


class RateLimit(ApiModel):
    """How often one client may ask one pod; beyond it: 429 with Retry-After.

    A client is known by its API key or token, else by its address.
    """

    requests_per_second: Annotated[
        float,
        Field(ge=0, le=1_000_000),
        Rule(
            rule="self > 0.0",
            message="lets nobody ask: write a number above 0, or leave rateLimit out for no limit",
        ),
    ]
    """Requests a second that a client may send to a pod for long; fractions are allowed."""

    burst: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Requests that it may send at once; left out: as many as a second allows, at least 1."""


class LogSink(StrEnum):
    """Where records go."""

    STDOUT = "stdout"
    FILE = "file"
    HTTP = "http"


class RequestLog(ApiModel):
    """Records of requests and their predictions; left out, none are written."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                rule="has(self.path) == (self.sink == 'file')",
                message="path belongs to the sink file, and that needs one: write both or neither",
            ),
            Rule(
                rule="has(self.url) == (self.sink == 'http')",
                message="url belongs to the sink http, and that needs one: write both or neither",
            ),
        )
    )

    sink: LogSink
    """stdout: the container's log. file: a file of the pod. http: posted to an address of yours."""

    path: (
        Annotated[
            str,
            Field(min_length=1, max_length=253),
            matching(_LOG_FILE, "is no file of the log volume: write it as /var/log/modelyard/NAME"),
        ]
        | None
    ) = None
    """The file, for the sink file: in /var/log/modelyard, a volume that ends with the pod. A full file
    (64Mi) is put aside, and the newest 3 of these are kept."""

    url: (
        Annotated[
            str,
            Field(min_length=1, max_length=1024),
            matching(_HTTP, "is no address: write it as https://HOST/PATH, without user and fragment"),
        ]
        | None
    ) = None
    """Where records are posted, for the sink http. The pods must be able to reach it."""

    sampling: Annotated[float, Field(ge=0, le=1)] = 1.0
    """The share of requests that is recorded, from 0 to 1."""

    redact: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=128)], ...], Field(max_length=64)
    ] = ()
    """What records must not hold: `inputs`, `predictions` or `identity` leaves that part out; `/REGEX/` masks
    what it matches in every text; any other word masks the values of the JSON field of that name."""
