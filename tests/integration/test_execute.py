"""The executor, its Secrets and Events, and what it remembers, against a real API server."""

from datetime import UTC, datetime

import httpx
import pytest

from modelyard_operator.api.status import Status
from modelyard_operator.kube.objects import ChildKey, Key
from modelyard_operator.reconcile.execute import Outcome
from modelyard_operator.reconcile.model import Event, Plan, Refusal
from modelyard_operator.reconcile.recorder import Recorder
from modelyard_operator.resources.context import CopySecretKey
from tests.integration.parts import NAME, Parts
from tests.integration.resources import delete, get, listed, merge, post, set_status

pytestmark = pytest.mark.integration


async def test_a_status_conflict_plans_again(parts: Parts, api: httpx.Client) -> None:
    stale = parts.gather()
    moved = {"observedGeneration": 7, "url": "http://elsewhere"}
    set_status(api, "ModelDeployment", parts.namespace, NAME, moved)
    child = parts.config_map()
    plan = Plan(status=Status(observed_generation=1, url="http://ours"), apply=(child,))
    outcome = await parts.executor().execute(stale, plan)
    assert outcome.word == "conflict"
    assert get(api, "ConfigMap", parts.namespace, "one") is None
    assert parts.gather().observed.status.url == "http://elsewhere"
    outcome = await parts.execute(Plan(status=plan.status, apply=(child,)))
    assert outcome.word == "done"
    assert parts.gather().observed.status == plan.status
    assert get(api, "ConfigMap", parts.namespace, "one") is not None


async def test_a_status_is_replaced_whole(parts: Parts) -> None:
    await parts.execute(Plan(status=Status(observed_generation=1, url="http://a", replicas=2)))
    await parts.execute(Plan(status=Status(observed_generation=1)))
    assert parts.gather().resource.status.get("url") is None


async def test_a_resource_that_is_gone(parts: Parts, api: httpx.Client) -> None:
    stale = parts.gather()
    delete(api, "ModelDeployment", parts.namespace, NAME)
    outcome = await parts.executor().execute(stale, Plan(status=Status(url="http://ours")))
    assert outcome.word == "conflict"
    assert parts.caches.resource(Key(parts.namespace, NAME)) is None


async def test_a_refused_write_is_remembered_and_held_back(parts: Parts) -> None:
    bad = parts.config_map("Not_A_Name")
    good = parts.config_map("good")
    key = ChildKey("ConfigMap", "Not_A_Name")
    executor = parts.executor()
    plan = Plan(status=parts.gather().observed.status, apply=(bad, good))
    outcome = await executor.execute(parts.gather(), plan)
    assert outcome == Outcome("refused", 0.0)
    refusal = parts.gather().observed.refused[key]
    assert refusal.reason == "Invalid"
    assert "Not_A_Name" in refusal.message
    assert parts.child("ConfigMap", "good") is not None
    held = await executor.execute(parts.gather(), plan)
    assert held.again_in is not None
    assert 0 < held.again_in < 2
    assert parts.gather().memory.refused[key].failures == 1
    parts.now += 10
    await executor.execute(parts.gather(), plan)
    assert parts.gather().memory.refused[key].failures == 2
    outcome = await executor.execute(parts.gather(), Plan(status=plan.status))
    assert outcome == Outcome("done", 0.0)
    assert parts.gather().observed.refused == {}


async def test_keys_are_made_once(parts: Parts, api: httpx.Client) -> None:
    secret = parts.config_map("sentiment-keys") | {"kind": "Secret", "stringData": {"a": None, "b": "x"}}
    secret.pop("data")
    plan = Plan(status=parts.gather().observed.status, secrets=(secret,))
    await parts.execute(plan)
    first = get(api, "Secret", parts.namespace, "sentiment-keys")
    parts.now += 3600
    await parts.execute(plan)
    assert first is not None
    assert get(api, "Secret", parts.namespace, "sentiment-keys") == first
    assert len(first["data"]["a"]) == 88


async def test_a_copied_key_follows(parts: Parts, api: httpx.Client) -> None:
    target = parts.config_map("copy") | {"kind": "Secret"}
    target.pop("data")
    copy = CopySecretKey("own", "url", target, "cache-url")
    plan = Plan(status=parts.gather().observed.status, copies=(copy,))
    executor = parts.executor()
    await executor.execute(parts.gather(), plan)
    assert parts.gather().observed.refused[ChildKey("Secret", "copy")].reason == "NotFound"
    own = {"metadata": {"name": "own"}, "stringData": {"url": "redis://a"}}
    post(api, "Secret", parts.namespace, own)
    for url in ("redis://a", "redis://b"):
        merge(api, "Secret", parts.namespace, "own", {"stringData": {"url": url}})
        parts.now += 3600
        outcome = await executor.execute(parts.gather(), plan)
        assert outcome.again_in is not None
        source, made = (get(api, "Secret", parts.namespace, name) or {} for name in ("own", "copy"))
        assert made["data"]["cache-url"] == source["data"]["url"]
    assert parts.gather().observed.refused == {}


async def test_an_optional_key_comes_and_goes(parts: Parts, api: httpx.Client) -> None:
    target = parts.config_map("copy") | {"kind": "Secret"}
    target.pop("data")
    url = CopySecretKey("own", "url", target, "cache-url", schemes=("redis://", "rediss://"))
    ca = CopySecretKey("own", "ca.crt", target, "cache-ca", optional=True)
    plan = Plan(status=parts.gather().observed.status, copies=(url, ca))
    executor = parts.executor()

    async def copied(data: dict[str, str | None]) -> dict[str, str]:
        merge(api, "Secret", parts.namespace, "own", {"data": data})
        parts.now += 3600
        await executor.execute(parts.gather(), plan)
        found: dict[str, str] = (get(api, "Secret", parts.namespace, "copy") or {}).get("data", {})
        return found

    post(api, "Secret", parts.namespace, {"metadata": {"name": "own"}, "stringData": {"url": "rediss://a"}})
    assert set(await copied({})) == {"cache-url"}
    assert set(await copied({"ca.crt": "Y2E="})) == {"cache-url", "cache-ca"}
    assert set(await copied({"ca.crt": None})) == {"cache-url"}
    await copied({"url": "aHR0cDovL3NlY3JldA=="})  # http://secret
    refusal = parts.gather().observed.refused[ChildKey("Secret", "copy")]
    assert refusal.reason == "Invalid"
    assert "its key 'url' must begin with redis:// or rediss://" in refusal.message
    assert "secret" not in refusal.message


async def test_a_secret_that_pods_wait_for_is_missed_until_it_is_there(
    parts: Parts, api: httpx.Client
) -> None:
    plan = Plan(status=parts.gather().observed.status, requires=("clients",))
    executor = parts.executor()
    assert await executor.execute(parts.gather(), plan) == Outcome("refused", 0.0)
    refusal = parts.gather().observed.refused[ChildKey("Secret", "clients")]
    assert refusal == Refusal("SecretNotFound", "it does not exist, and pods wait for it: create it")
    post(api, "Secret", parts.namespace, {"metadata": {"name": "clients"}, "stringData": {"a": "key"}})
    parts.now += 10
    assert await executor.execute(parts.gather(), plan) == Outcome("done", 0.0)
    assert parts.gather().observed.refused == {}
    delete(api, "Secret", parts.namespace, "clients")
    assert await executor.execute(parts.gather(), plan) == Outcome("done", None)  # Seen a moment ago.
    parts.now += 60
    assert (await executor.execute(parts.gather(), plan)).word == "refused"


async def test_equal_events_are_one(parts: Parts, api: httpx.Client) -> None:
    status = parts.gather().observed.status
    recorder = Recorder(parts.writer, "test", clock=parts.clock, now=lambda: datetime.now(UTC))
    resource = parts.gather().resource
    for _ in range(5):
        recorder.record(resource, Event("Promoted", "it serves"))
    parts.now += 3600
    recorder.record(resource, Event("Promoted", "it serves"))
    recorder.record(resource, Event("Promoted", "another serves", warning=True))
    await recorder.close()
    # An operator that began anew knows nothing of the count.
    again = Recorder(parts.writer, "test", clock=parts.clock, now=lambda: datetime.now(UTC))
    again.record(resource, Event("Promoted", "it serves"))
    await again.close()
    counts = {e["message"]: (e["count"], e["type"]) for e in listed(api, "Event", parts.namespace)}
    assert counts == {"it serves": (6, "Normal"), "another serves": (1, "Warning")}
    assert parts.gather().observed.status == status
