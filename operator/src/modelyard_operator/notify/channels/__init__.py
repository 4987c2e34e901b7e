"""The channels. Adding one: a file here, a field in api/notifications.py, and a line in the table."""

from collections.abc import Callable
from datetime import datetime

import aiohttp

from modelyard_operator.api.base import LocalObjectReference
from modelyard_operator.api.notifications import Notification
from modelyard_operator.notify.channels.base import Channel
from modelyard_operator.notify.channels.slack import Slack
from modelyard_operator.notify.channels.smtp import Smtp
from modelyard_operator.notify.channels.webhook import Webhook

Opened = tuple[Channel, LocalObjectReference | None]
"""A channel, and the Secret that it needs."""

Open = Callable[[Notification, aiohttp.ClientSession, Callable[[], datetime]], Opened | None]

CHANNELS: tuple[Open, ...] = (
    lambda spec, session, now: (Smtp(spec.smtp), spec.smtp.secret_ref) if spec.smtp else None,  # noqa: ARG005
    lambda spec, session, now: (Slack(session), spec.slack.secret_ref) if spec.slack else None,  # noqa: ARG005
    lambda spec, session, now: (Webhook(session, now), spec.webhook.secret_ref) if spec.webhook else None,
)
"""What each field of a notification opens; every one is given all that any needs."""


def open_channel(
    spec: Notification, session: aiohttp.ClientSession, now: Callable[[], datetime]
) -> Opened | None:
    """The channel of a notification; None: it has none that this version knows."""
    return next((found for each in CHANNELS if (found := each(spec, session, now)) is not None), None)
