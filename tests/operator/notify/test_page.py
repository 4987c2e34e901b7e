"""docs/notifications.md says of notifications what the code does."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelyard_operator.api.notifications import Notification, Occasion, SmtpChannel
from modelyard_operator.notify import notifier
from modelyard_operator.notify.channels import webhook

TEXT = (Path(__file__).parents[3] / "docs" / "notifications.md").read_text()


@pytest.mark.parametrize(
    "word",
    [
        *Occasion,
        webhook.ID,
        webhook.TIMESTAMP,
        webhook.SIGNATURE,
        *(
            f"${name}"
            for name in ("name", "namespace", "occasion", "message", "revision", "stable", "url", "at")
        ),
        f"port {SmtpChannel.model_fields['port'].default}",
        f"while {notifier.PENDING} are under way",
    ],
)
def test_the_page_has_it(word: str) -> None:
    assert word in TEXT


def examples() -> list[Any]:
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)]


def test_the_examples_are_notifications() -> None:
    whole, own = examples()
    [smtp, slack, webhook_] = [Notification.model_validate(each) for each in whole["spec"]["notifications"]]
    assert smtp.events == (Occasion.AWAITING, Occasion.ABORTED)
    assert slack.slack and webhook_.webhook
    assert Notification.model_validate(own[0]).template


def test_the_example_is_one() -> None:
    assert notifier.ATTEMPTS == 6
    assert notifier.AT_ONCE == 8
    assert "six in all within about a minute" in TEXT
    assert "eight at once" in TEXT
    pauses = [notifier.FIRST_PAUSE * 2.0**n for n in range(notifier.ATTEMPTS - 1)]
    assert 55 <= sum(pauses) <= 65
    assert set(Notification.model_fields) == {"events", "template", "smtp", "slack", "webhook"}
