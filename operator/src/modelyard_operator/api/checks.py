"""Checks of a candidate that ask somebody else: Prometheus, a service, a container."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from modelyard_operator.api.base import ApiModel, LocalObjectReference, ObjectName
from modelyard_operator.api.rules import Rule, list_map, matching, rules

_NAME = r"^[a-zA-Z]([-_a-zA-Z0-9]*[a-zA-Z0-9])?$"
_HTTP = r"^https?://[^\s/?#@]+(/[^\s?#]*)?$"
_HOOK = r"^https?://[^\s/?#@]+(/[^\s#]*)?$"
_TIME = r"^([0-9]{1,5}(s|m|h))+$"
_ENV_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"


def between(low: str, high: str) -> tuple[Any, Rule]:
    """The bounds of a time, from `low` to `high`."""
    return (
        Field(pattern=_TIME, max_length=16),
        Rule(
            rule=f"self.matches(r'{_TIME}') && duration(self) >= duration('{low}') && "
            f"duration(self) <= duration('{high}')",
            message=f"must be from {low} to {high}, written as 30s or 1m30s",
        ),
    )


CheckName = Annotated[
    str,
    Field(min_length=1, max_length=63),
    matching(_NAME, "is no name: use letters, digits, '-' and '_', a letter first, such as cart-errors"),
]
Patience = Annotated[str, *between("1s", "1m")]
JobTime = Annotated[str, *between("1s", "2h")]


class Query(ApiModel):
    """A PromQL query of the user's own, and what its value must be."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                rule="has(self.max) || has(self.min)",
                message="has nothing to hold the value against: write max, min or both",
            ),
            Rule(
                rule="!has(self.max) || !has(self.min) || self.min <= self.max",
                message="min is above max, so that no value passes: swap them",
            ),
        )
    )

    name: CheckName
    """What it is called in verdicts."""

    promql: Annotated[str, Field(min_length=1, max_length=2048)]
    """The query; it must give one number. `$candidate`, `$stable`, `$name`, `$namespace` and `$interval`
    stand for the two revisions, the ModelDeployment, and the interval in PromQL's own form (30s)."""

    max: float | None = None
    """The value must not be above it."""

    min: float | None = None
    """The value must not be below it."""


class Webhook(ApiModel):
    """A service that is asked at the end of each interval: a 2xx answer passes, any other fails.

    It gets the JSON that Flagger sends: name, namespace, phase, checksum and metadata.
    """

    name: CheckName
    """What it is called in verdicts."""

    url: Annotated[
        str,
        Field(min_length=1, max_length=1024),
        matching(_HOOK, "is no address: write it as https://HOST/PATH, without user and fragment"),
    ]
    """Where it is asked; the operator must be able to reach it."""

    timeout: Patience = "10s"
    """How long its answer may take."""

    secret_ref: LocalObjectReference | None = None
    """A Secret with `token` (sent as a bearer token), or `username` and `password`."""

    metadata: Annotated[dict[str, Annotated[str, Field(max_length=1024)]], Field(max_length=16)] = Field(
        default_factory=dict
    )
    """Sent with each question as it stands."""


class JobEnvVar(ApiModel):
    """One variable of the Job's environment."""

    name: Annotated[
        str,
        Field(max_length=128),
        matching(_ENV_NAME, "is no name of a variable: use letters, digits and '_', no digit first"),
    ]
    """Its name."""

    value: Annotated[str, Field(max_length=1024)] = ""
    """Its value."""


class JobCheck(ApiModel):
    """A container that is run once a candidate and step, as a Job: it passes when the Job completes.

    It finds the revisions' addresses in MODELYARD_CANDIDATE_URL and MODELYARD_STABLE_URL.
    """

    name: Annotated[
        str,
        Field(min_length=1, max_length=32),
        matching(
            r"^[a-z]([-a-z0-9]*[a-z0-9])?$",
            "is no name of a Job: use lower-case letters, digits and '-', a letter first, such as smoke",
        ),
    ]
    """What it is called in verdicts, and a part of the Job's name."""

    image: Annotated[str, Field(min_length=1, max_length=512)]
    """The image; it runs without root, without privileges, and with a read-only root."""

    command: Annotated[tuple[Annotated[str, Field(max_length=2048)], ...], Field(max_length=16)] = ()
    """In place of the image's entry point."""

    args: Annotated[tuple[Annotated[str, Field(max_length=2048)], ...], Field(max_length=32)] = ()
    """Its arguments."""

    env: Annotated[tuple[JobEnvVar, ...], Field(max_length=32), list_map("name")] = ()
    """More environment."""

    secret_ref: LocalObjectReference | None = None
    """A Secret whose keys become environment too."""

    timeout: JobTime = "5m"
    """How long it may run; then it has failed."""


class Prometheus(ApiModel):
    """A Prometheus that has the pods' metrics."""

    address: Annotated[
        str,
        Field(min_length=1, max_length=512),
        matching(
            _HTTP,
            "is no address: write it as http://HOST:9090 or https://HOST/PREFIX, without user and query",
        ),
    ]
    """Where its HTTP API is; the operator must be able to reach it."""

    secret_ref: LocalObjectReference | None = None
    """A Secret with `token` (sent as a bearer token), or `username` and `password`."""

    ca_secret: ObjectName | None = None
    """A Secret whose `ca.crt` holds the authorities (PEM) that signed its certificate; left out: those of
    the system."""
