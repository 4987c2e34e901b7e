"""By webhook, to a real web server."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.operator.notify.cases import NOW, channel, made, sending
from tests.operator.notify.servers import Web, web_server

WEBHOOK = {"webhook": {"secretRef": {"name": "hook"}}}
SLACK = {"slack": {"secretRef": {"name": "hook"}}}


@pytest_asyncio.fixture
async def web() -> AsyncIterator[Web]:
    async with web_server() as server:
        yield server


async def test_a_webhook_is_signed_over_time_and_body(web: Web) -> None:
    async with sending({"hook": {"url": f"{web.url}\n", "key": "the key"}}) as it:
        await it.send(channel(**WEBHOOK))
    [(headers, body)] = web.heard
    stamp = headers["X-Modelyard-Timestamp"]
    assert stamp == str(int(NOW.timestamp()))
    signed = hmac.new(b"the key", f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-Modelyard-Signature"] == f"sha256={signed}"
    assert headers["Content-Type"] == "application/json"
    told = json.loads(body)
    assert headers["X-Modelyard-Id"] == told["id"] == made().id
    assert told.pop("text").startswith("sentiment in team: waits for your approval\n")
    assert told == {
        "id": made().id,
        "occasion": "waitingForApproval",
        "namespace": "team",
        "name": "sentiment",
        "uid": "u-1",
        "revision": "rnew",
        "stable": "rold",
        "message": "the evidence is frozen",
        "url": "http://sentiment.team.svc",
        "at": "2026-11-21T12:00:00Z",
        "subject": "sentiment in team: waits for your approval",
    }


async def test_slack_gets_a_text_that_calls_nobody(web: Web) -> None:
    async with sending({"hook": {"url": web.url}}) as it:
        await it.send(channel(**SLACK, template="$message"), made(message="<!channel> & <http://x|y>"))
    [(headers, body)] = web.heard
    assert json.loads(body) == {"text": "&lt;!channel&gt; &amp; &lt;http://x|y&gt;"}
    assert "X-Modelyard-Signature" not in headers


@pytest.mark.parametrize(("status", "attempts"), [(500, 6), (503, 6), (429, 6), (404, 1), (401, 1), (302, 1)])
async def test_answers_that_may_change_are_asked_for_again(web: Web, status: int, attempts: int) -> None:
    web.statuses = [status] * 50
    async with sending({"hook": {"url": web.url, "key": "k"}}) as it:
        await it.send(channel(**WEBHOOK))
    assert len(web.heard) == attempts
    assert len({headers["X-Modelyard-Id"] for headers, _ in web.heard}) == 1
    assert it.failures == [
        f"waitingForApproval by webhook was not delivered in {attempts} attempts: "
        f"127.0.0.1: answered {status}"
    ]


@pytest.mark.parametrize(
    ("secrets", "says"),
    [
        ({}, "Secret team/hook does not exist: create it"),
        ({"hook": {"key": "k"}}, "the Secret has no key 'url': add it"),
        ({"hook": {"url": "http://127.0.0.1:1/"}}, "the Secret has no key 'key': add it"),
        ({"hook": {"url": "file:///etc/passwd", "key": "k"}}, "holds no http(s) address"),
        ({"hook": {"url": "http://127.0.0.1:1/T0/secret", "key": "k"}}, "127.0.0.1: ClientConnectorError"),
    ],
)
async def test_what_is_wrong_is_told_without_the_address(secrets: dict[str, Any], says: str) -> None:
    async with sending(secrets) as it:
        await it.send(channel(**WEBHOOK))
    [told] = it.failures
    assert says in told
    assert "T0" not in told
    assert "passwd" not in told


async def test_what_a_server_answers_is_told_to_nobody(web: Web) -> None:
    web.statuses = [400]
    async with sending({"hook": {"url": web.url}}) as it:
        await it.send(channel(**SLACK))
    assert "internal words" not in it.failures[0]
