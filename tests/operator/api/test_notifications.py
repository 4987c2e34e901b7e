"""`spec.notifications` as a schema."""

from typing import Annotated

from modelyard_operator.api.base import ApiModel
from modelyard_operator.api.notifications import Notification, Notifications
from modelyard_operator.api.openapi import structural
from tests.operator.api.test_crd import fields


class _Holder(ApiModel):
    notifications: Annotated[Notifications, ...] = ()
    """Who is told of what."""


def test_every_field_is_described_and_bounded() -> None:
    limits = {"string": "maxLength", "array": "maxItems"}
    for path, field in fields(structural(_Holder, defaults=True)):
        assert field.get("description"), path
        limit = limits.get(field.get("type", ""))
        if limit and "enum" not in field:
            assert limit in field, path


def test_no_key_is_a_word_that_yaml_reads_as_something_else() -> None:
    words = {"on", "off", "yes", "no", "y", "n", "true", "false", "null"}
    names = {path.rpartition(".")[2] for path, _ in fields(structural(Notification, defaults=True))}
    assert not names & words
