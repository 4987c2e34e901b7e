"""Services that are asked."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from modelyard_operator.analysis.case import Reply, Unknown
from modelyard_operator.analysis.sources.webhooks import About, Webhooks
from modelyard_operator.api.checks import Webhook
from tests.operator.analysis.pods import served
from tests.operator.analysis.secrets import Vault
from tests.ports import free_port

ABOUT = About("shop", "sentiment", "Progressing", "rnew")


async def asked(answer: web.Response | None, vault: Vault | None = None, **fields: Any):
    """What comes back, and what was heard."""
    heard: list[tuple[dict[str, str], Any]] = []

    async def handler(request: web.Request) -> web.Response:
        heard.append((dict(request.headers), json.loads(await request.text())))
        if answer is None:
            await asyncio.Event().wait()
        assert answer is not None
        return answer

    runner, port = await served({"/gate": ("POST", handler)})
    webhook = Webhook.model_validate({"name": "load", "url": f"http://127.0.0.1:{port}/gate", **fields})
    async with aiohttp.ClientSession() as session:
        found = await Webhooks(session, (vault or Vault()).credentials()).ask(webhook, ABOUT)
    await runner.cleanup()
    return found, heard


async def test_it_gets_what_flagger_sends():
    found, heard = await asked(web.Response(text="fine"), metadata={"type": "bash", "cmd": "curl x"})
    assert found == Reply(200)
    ((headers, payload),) = heard
    assert payload == {
        "name": "sentiment",
        "namespace": "shop",
        "phase": "Progressing",
        "checksum": "rnew",
        "metadata": {"type": "bash", "cmd": "curl x"},
    }
    assert headers["Content-Type"].startswith("application/json")
    assert "Authorization" not in headers


@pytest.mark.parametrize(
    ("secret", "header"),
    [
        ({"token": "abc\n"}, "Bearer abc"),
        ({"username": "op", "password": "pw"}, "Basic b3A6cHc="),
    ],
)
async def test_it_is_shown_who_asks(secret, header):
    found, heard = await asked(web.Response(), Vault(hook=secret), secretRef={"name": "hook"})
    assert found == Reply(200)
    assert heard[0][0]["Authorization"] == header


async def test_any_other_answer_is_told():
    found, _ = await asked(web.Response(status=500, text="p99 is\n over " + "x" * 999))
    assert found == Reply(500, ("p99 is over " + "x" * 999)[:200])


async def test_it_is_not_led_elsewhere():
    found, _ = await asked(web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}))
    assert found == Reply(302)


async def test_a_secret_that_is_missing_or_empty_in_words():
    missing, heard = await asked(web.Response(), Vault(), secretRef={"name": "hook"})
    assert missing == Unknown("Secret shop/hook does not exist: create it")
    assert heard == []
    empty, _ = await asked(web.Response(), Vault(hook={"key": "x"}), secretRef={"name": "hook"})
    assert empty == Unknown("Secret shop/hook has neither `token` nor `username` and `password`: add them")


async def test_one_that_does_not_answer():
    found, _ = await asked(None, timeout="1s")
    assert found == Unknown("no answer within 1 s")
    webhook = Webhook(name="load", url=f"http://127.0.0.1:{free_port()}/")
    async with aiohttp.ClientSession() as session:
        dead = await Webhooks(session, Vault().credentials()).ask(webhook, ABOUT)
    assert isinstance(dead, Unknown)
    assert "Cannot connect" in dead.why


@pytest.mark.parametrize(
    "url", ["http://load..svc/", f"http://{'a' * 64}.svc/", "http://load:99999/", "http://[::1/"]
)
async def test_an_address_that_cannot_be_one(url):
    webhook = Webhook.model_construct(name="load", url=url, timeout="1s", metadata={}, secret_ref=None)
    async with aiohttp.ClientSession() as session:
        found = await Webhooks(session, Vault().credentials()).ask(webhook, ABOUT)
    assert isinstance(found, Unknown)
    assert "its address cannot be one" in found.why
