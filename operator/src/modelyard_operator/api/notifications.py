"""`spec.notifications`: who is told of what happens to a rollout."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from modelyard_operator.api.base import ApiModel, LocalObjectReference
from modelyard_operator.api.rules import Rule, matching, rules

MAX_NOTIFICATIONS = 10
MAX_RECIPIENTS = 20

_ADDRESS = r"^[^@\s<>,;\"]{1,64}@[^@\s<>,;\"]{1,253}$"
_HOST = r"^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$"

Address = Annotated[
    str,
    Field(min_length=3, max_length=320),
    matching(_ADDRESS, "is no mail address: write it as NAME@HOST, without a display name"),
]


class Occasion(StrEnum):
    """What people may want to hear of."""

    STARTED = "rolloutStarted"
    """A candidate starts."""
    AWAITING = "waitingForApproval"
    """A person is asked to decide."""
    PROMOTED = "promoted"
    """A revision took over, or serves again."""
    ABORTED = "aborted"
    """A candidate was given up, and why."""
    DRIFTED = "sourceDrifted"
    """What the source holds is no longer what the revision was made from: no new pod of it can start."""


class Tls(StrEnum):
    """How the connection to a mail server is encrypted."""

    STARTTLS = "starttls"
    """It begins in the clear and is encrypted before anything is said."""
    TLS = "tls"
    """From the first byte."""
    NONE = "none"
    """Never: for a relay on the node itself. No password is sent over it."""


class SmtpChannel(ApiModel):
    """By mail."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                rule="self.tls != 'none' || !has(self.secretRef)",
                message="a password is not sent in the clear: use tls: starttls or tls, or leave out "
                "secretRef",
            )
        )
    )

    host: Annotated[
        str,
        Field(min_length=1, max_length=253),
        matching(_HOST, "is no host: write the mail server's name or address, without scheme and port"),
    ]
    """The mail server."""

    port: Annotated[int, Field(ge=1, le=65535)] = 587
    """Its port."""

    tls: Tls = Tls.STARTTLS
    """How the connection is encrypted. Certificates are checked."""

    from_: Annotated[Address, Field(alias="from")]
    """The sender."""

    to: Annotated[tuple[Address, ...], Field(min_length=1, max_length=MAX_RECIPIENTS)]
    """The recipients."""

    secret_ref: LocalObjectReference | None = None
    """A Secret with `username` and `password`, and `ca.crt` (PEM) where the system's authorities do not do.
    Left out: it is sent without a login."""


class SlackChannel(ApiModel):
    """To a channel of Slack, or of whatever takes the same incoming webhooks (Mattermost, Rocket.Chat)."""

    secret_ref: LocalObjectReference
    """A Secret whose key `url` holds the webhook's address: whoever has it can write to the channel."""


class WebhookChannel(ApiModel):
    """To an HTTP server of yours, as JSON with a signature."""

    secret_ref: LocalObjectReference
    """A Secret: its key `url` holds the address, its key `key` the key that requests are signed with."""


class Notification(ApiModel):
    """One channel, and what is told on it."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                rule="[has(self.smtp), has(self.slack), has(self.webhook)].filter(x, x).size() == 1",
                message="a notification goes by exactly one of smtp, slack and webhook: write one list entry "
                "for each",
            )
        )
    )

    # Not `on`: in YAML 1.1, which kubectl reads, that key is the boolean true.
    events: Annotated[
        tuple[Occasion, ...],
        Field(min_length=1, max_length=len(Occasion)),
        Rule(
            rule="self.all(one, self.filter(other, other == one).size() == 1)",
            message="names something twice: write each once",
        ),
    ] = tuple(Occasion)
    """What it tells; left out: everything."""

    template: Annotated[str, Field(min_length=1, max_length=2048)] | None = None
    """The text, with `$name`, `$namespace`, `$occasion`, `$message`, `$revision`, `$stable`, `$url` and `$at`
    in place of what is the case. Its first line is the subject of a mail. Left out: a text that says all."""

    smtp: SmtpChannel | None = None
    """By mail."""

    slack: SlackChannel | None = None
    """To a channel of Slack."""

    webhook: WebhookChannel | None = None
    """To an HTTP server of yours."""


Notifications = Annotated[tuple[Notification, ...], Field(max_length=MAX_NOTIFICATIONS)]
"""Who is told of what."""
