"""Numbers and queries from a real Prometheus."""

import asyncio
from collections.abc import AsyncIterator
from math import inf, isnan
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from modelyard_operator.analysis.case import Answer, Nothing, Number, Unknown
from modelyard_operator.analysis.sources import prometheus as source
from modelyard_operator.analysis.sources.prometheus import Asker, PrometheusApi, filled
from modelyard_operator.api.checks import Prometheus
from tests.certificates import self_signed
from tests.operator.analysis import prometheus_server
from tests.operator.analysis.cases import NEW, OLD
from tests.operator.analysis.pods import NAME, NAMESPACE, PAIR, FakePod, ref, running, served
from tests.operator.analysis.secrets import Vault
from tests.ports import free_port

BCRYPT = "$2b$04$eEAxJ9fcAwitngNSLhcW3.hMMzCZm6wRZZLmrMxk3Zj9Kb2pYot86"
"""Of `pw`."""


def asker(address: str, **fields: Any) -> Asker:
    return Asker(NAMESPACE, NAME, Prometheus(address=address, **fields))


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def scraped(address: str, pods: list[FakePod], port: int) -> None:
    """Until it has scraped all that the pods tell now."""
    async with asyncio.timeout(20):
        for pod in pods:
            promql = f'sum(modelyard_requests_total{{instance="{pod.ref.ip}:{port}"}})'
            while await asyncio.to_thread(prometheus_server.value, address, promql) != pod.served:  # noqa: ASYNC110
                await asyncio.sleep(0.1)


async def test_what_it_scraped_is_what_pods_tell_themselves(tmp_path: Path, session: aiohttp.ClientSession):
    async with running(ref(11), ref(12, OLD)) as (pods, port):
        pods[0].serve(90)
        pods[0].serve(10, code=500)
        pods[1].serve(40, cached=True)
        pods[1].serve(60, 0.2)
        pods[1].compare(8, 2)
        labelled = {"pod": "pod-12", "namespace": NAMESPACE}
        targets = {f"{pods[0].ref.ip}:{port}": {}, f"{pods[1].ref.ip}:{port}": labelled}
        with prometheus_server.running(tmp_path, targets) as address:
            await scraped(address, pods, port)
            api = PrometheusApi(session, Vault().credentials(), port=port)
            refs = [pod.ref for pod in pods]
            found = await api.look(asker(address), refs, PAIR)
            assert found.trouble is None
            new, old = found.readings["uid-11"], found.readings["uid-12"]
            assert (new.requests, new.durations.total) == ({"200": 90, "500": 10}, 100)
            assert (old.requests, old.durations.total) == ({"200": 100}, 60)
            assert (old.compared["candidate"].compared, old.compared["candidate"].disagreed) == (10, 2)
            assert new.started is not None
            assert new.cpu_seconds is not None

            gone = await api.look(asker(address), [*refs, ref(13)], PAIR)
            assert set(gone.readings) == {"uid-11", "uid-12"}
            assert (
                gone.trouble == "Prometheus knows nothing of pod pod-13: does it scrape the pods' /metrics?"
            )

            other = Asker("elsewhere", NAME, Prometheus(address=address))
            assert set((await api.look(other, refs, PAIR)).readings) == {"uid-11"}, "of another namespace"

            async def ask(promql: str) -> Answer:
                return await api.query(asker(address), promql)

            assert await ask("sum(modelyard_requests_total)") == Number(200)
            assert await ask("scalar(vector(3))") == Number(3)
            assert await ask("vector(1) / 0") == Number(inf)
            nan = await ask("vector(0) / 0")
            assert isinstance(nan, Number)
            assert isnan(nan.value)
            assert await ask('up{job="nobody"}') == Nothing("no series: nothing has these labels now")
            assert await ask("up") == Unknown(
                "it gives 2 series, not one number: put sum(…) or max(…) around it"
            )
            assert await ask("up[1m]") == Unknown(
                "it gives a matrix, not a number: ask for an instant vector, such as sum(rate(…[5m]))"
            )
            assert await ask('"word"') == Unknown(
                "it gives a string, not a number: ask for an instant vector, such as sum(rate(…[5m]))"
            )
            wrong = await ask("sum(up")
            assert isinstance(wrong, Unknown)
            assert wrong.why.startswith('it answered 400: invalid parameter "query": 1:7: parse error')


async def test_a_password_and_an_authority_from_secrets(tmp_path: Path, session: aiohttp.ClientSession):
    files = self_signed(tmp_path)
    tls = {"cert_file": str(files.certificate), "key_file": str(files.key)}
    settings = {"tls_server_config": tls, "basic_auth_users": {"op": BCRYPT}}
    vault = Vault(
        user={"username": "op", "password": "pw"},
        bad={"username": "op", "password": "x"},
        ca={"ca.crt": files.authority.read_text()},
    )
    with prometheus_server.running(tmp_path, {}, settings, verify=False, auth=("op", "pw")) as address:
        api = PrometheusApi(session, vault.credentials())
        user, bad = {"secret_ref": {"name": "user"}}, {"secret_ref": {"name": "bad"}}
        assert await api.query(asker(address, **user, ca_secret="ca"), "vector(7)") == Number(7)
        refused = await api.query(asker(address, **bad, ca_secret="ca"), "vector(7)")
        assert refused == Unknown("it answered 401: does it take what analysis.prometheus.secretRef has?")
        assert "x" not in vault.secrets["user"]["password"]
        untrusted = await api.query(asker(address, **user), "vector(7)")
        assert isinstance(untrusted, Unknown)
        assert "certificate" in untrusted.why.lower()


async def test_one_that_does_not_answer_is_trouble_in_words(session: aiohttp.ClientSession, monkeypatch):
    monkeypatch.setattr(source, "ANSWER_SECONDS", 0.2)

    async def hang(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    runner, port = await served({"/api/v1/query": ("POST", hang)})
    api = PrometheusApi(session, Vault().credentials())
    slow, dead = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{free_port()}"
    words = "no answer within 0.2 s: is analysis.prometheus.address right, and is it up?"
    assert await api.query(asker(slow), "up") == Unknown(words)
    found = await api.look(asker(slow), [ref(1)], PAIR)
    assert (found.readings, found.trouble) == ({}, f"Prometheus {slow}: {words}")
    refused = await api.query(asker(dead), "up")
    assert isinstance(refused, Unknown)
    assert "Cannot connect" in refused.why
    assert "is analysis.prometheus.address right" in refused.why
    await runner.cleanup()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<html>", "it answered 200 and no JSON: is analysis.prometheus.address right, and is it up?"),
        ("[]", "it answered 200: no reason"),
        ('{"status": "error", "error": "' + "x" * 999 + '"}', "it answered 200: " + "x" * 300),
        ('{"status": "success"}', "Prometheus gave an answer that makes no sense: KeyError('resultType')"),
        (
            '{"status": "success", "data": {"resultType": "vector", "result": [{"value": [1, "?"]}]}}',
            "Prometheus gave an answer that makes no sense: "
            "ValueError(\"could not convert string to float: '?'\")",
        ),
    ],
)
async def test_what_is_no_prometheus_is_told(session: aiohttp.ClientSession, body, words):
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=body)

    runner, port = await served({"/api/v1/query": ("POST", answer)})
    api, address = PrometheusApi(session, Vault().credentials()), f"http://127.0.0.1:{port}"
    assert await api.query(asker(address), "up") == Unknown(words)
    found = await api.look(asker(address), [ref(1)], PAIR)
    assert found.readings == {}
    assert (found.trouble or "").startswith(f"Prometheus {address}: ")
    await runner.cleanup()


def test_places_in_a_query():
    values = {"candidate": NEW, "stable": OLD, "name": NAME, "namespace": NAMESPACE, "interval": "30s"}
    promql = 'sum(rate(x{a="$candidate",n=~"$name.*$",ns="$namespace",b="$stable",c="$nobody"}[$interval]))'
    assert filled(promql, values) == (
        'sum(rate(x{a="rnew",n=~"sentiment.*$",ns="shop",b="rold",c="$nobody"}[30s]))'
    )
    assert filled("$candidates", values) == "$candidates"
