"""No pods while nobody asks, with KEDA and its HTTP add-on themselves, behind a real Istio."""

import asyncio
import json
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import httpx
import pytest

from demo.shell import CommandError, run, stream
from demo.targets.base import Ingress, Target
from demo.targets.embedded import DEVCLUSTER
from devcluster.endpoints import KEDA_NAMESPACE
from modelyard_operator.resources.interceptor_route import INTERCEPTOR
from tests.e2e.cluster import Namespace, Resource, condition
from tests.e2e.gateways import behind, open_for
from tests.e2e.load import load
from tests.e2e.test_rollout import promoted

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.timeout(1800)]

COLD = "x-keda-http-cold-start"
"""The interceptor says so of every answer that came by it: `true` where the request was held."""
IDLE = 20
"""Seconds."""
TOGETHER = 20
"""Requests that one cold start answers."""


@dataclass
class Diary:
    """Moments of a test, for the page that tells of them."""

    began: float = field(default_factory=time.monotonic)
    moments: list[str] = field(default_factory=list)

    def note(self, what: str) -> None:
        self.moments.append(f"{time.monotonic() - self.began:6.1f} s: {what}")

    async def watch(self, namespace: Namespace) -> None:
        """Note what the conditions come to say, until cancelled."""
        before = ""
        while True:
            with suppress(CommandError):
                it = await asyncio.to_thread(namespace.mdep)
                said = [condition(it, kind) for kind in ("Ready", "ScalerReady")]
                now = ", ".join(f"{each['type']}={each['status']} {each['reason']}" for each in said)
                if now != before:
                    self.note(f"{now}: {said[1]['message']}")
                before = now
            await asyncio.sleep(0.5)


@pytest.fixture
async def diary(namespace: Namespace) -> AsyncIterator[Diary]:
    found = Diary()
    watching = asyncio.create_task(found.watch(namespace))
    yield found
    watching.cancel()
    print("", *found.moments, sep="\n")


class Extras:
    """What the cluster gets in the course of a test."""

    def __init__(self) -> None:
        self._before = self._there()

    @staticmethod
    def _there() -> set[str]:
        done = subprocess.run([DEVCLUSTER, "status", "--json"], capture_output=True, text=True, check=False)
        return {each["name"] for each in json.loads(done.stdout)["extras"]}

    async def bring(self, name: str) -> None:
        await asyncio.to_thread(stream, [DEVCLUSTER, "up", "--with", name])

    def has(self, name: str) -> bool:
        return name in self._there()

    def take_away(self) -> None:
        there = self._there()
        names = [name for name in ("http-add-on", "keda") if name in there - self._before]
        if names:
            run([DEVCLUSTER, "remove", *names])


@pytest.fixture
def extras(mesh: Target) -> Iterator[Extras]:
    """The mesh, without KEDA again when the test ends if it had none."""
    assert mesh.name == "embedded"
    found = Extras()
    yield found
    found.take_away()


@pytest.fixture
def granted(mesh: Target, namespace: Namespace) -> Iterator[Resource]:
    """What lets HTTPRoutes of the namespace point at the interceptor; the test makes it."""
    metadata = {"name": namespace.name, "namespace": KEDA_NAMESPACE}
    route = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": namespace.name}
    spec = {"from": [route], "to": [{"group": "", "kind": "Service", "name": INTERCEPTOR}]}
    version = "gateway.networking.k8s.io/v1beta1"
    yield {"apiVersion": version, "kind": "ReferenceGrant", "metadata": metadata, "spec": spec}
    with suppress(CommandError):
        mesh.kubectl("delete", "referencegrant", namespace.name, "-n", KEDA_NAMESPACE)


def to_zero(way: Ingress, n: int, mode: str, *steps: Resource) -> Resource:
    found = behind(way, n, *steps, mode=mode)
    found["spec"]["scaling"]["toZero"] = {"idle": f"{IDLE}s"}
    return found


@dataclass(frozen=True)
class Caller:
    """Somebody outside who asks the model."""

    way: Ingress
    headers: dict[str, str]

    async def ask(self, words: str = "You are awesome") -> httpx.Response:
        async with httpx.AsyncClient(headers=self.headers, timeout=120) as client:
            return await client.post(f"{self.way.url}/predict", json={"text": [words]})


async def by_the_interceptor(namespace: Namespace, caller: Caller) -> None:
    """Wait until KEDA may take the last pod away, and see that requests go by the add-on."""

    def may() -> bool:
        said = condition(namespace.mdep(), "ScalerReady")
        return said["status"] == "True" and "and none once" in said["message"]

    await namespace.until("KEDA may take the last pod away", may)
    answer = await caller.ask()
    assert (answer.status_code, answer.headers.get(COLD)) == (200, "false")


async def asleep(namespace: Namespace, revision: str) -> None:
    """KEDA has taken the last pod away by itself."""
    await namespace.says("Ready", "True", "Asleep", within=180)
    pods = f"modelyard.dev/revision={revision}"
    await namespace.until("there is no pod", lambda: not namespace.list("pod", pods))


@pytest.mark.parametrize("mode", ["istio", "gateway"])
async def test_it_sleeps_holds_requests_and_rolls_out_from_its_sleep(
    mesh: Target, extras: Extras, namespace: Namespace, granted: Resource, diary: Diary, mode: str
) -> None:
    way = mesh.ingress("sentiment", namespace.name, gateway_api=mode == "gateway")
    namespace.apply(to_zero(way, 1, mode))
    first = await promoted(namespace)
    caller = Caller(way, await open_for(namespace, way))
    diary.note("the first revision serves")

    for name, reason in (("keda", "NoKeda"), ("http-add-on", "NoHttpAddOn")):
        if not extras.has(name):
            await namespace.says("ScalerReady", "False", reason)
            await extras.bring(name)
            diary.note(f"{name} is there")
    async with load(way.url, headers=caller.headers, keep_alive=2, fresh=1) as seen:
        if mode == "gateway":
            words = (await namespace.says("ScalerReady", "False", "NotGranted"))["message"]
            assert f"needs a ReferenceGrant in namespace {KEDA_NAMESPACE}" in words
            mesh.kubectl.apply(granted)
        await by_the_interceptor(namespace, caller)
        diary.note("requests go by the interceptor")
        before = seen.ok
        await namespace.until("the load goes on by the interceptor", lambda: seen.ok > before + 200)
    diary.note(f"the load ends, {seen.ok} answered")
    assert seen.failures == []

    await asleep(namespace, first)
    diary.note("KEDA has taken the last pod away")
    began = time.monotonic()
    answers = await asyncio.gather(*(caller.ask(f"text {n}") for n in range(TOGETHER)))
    held = time.monotonic() - began
    assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers]
    assert {answer.headers["x-modelyard-revision"] for answer in answers} == {first}
    assert {answer.headers[COLD] for answer in answers} == {"true"}
    diary.note(f"{TOGETHER} requests that came at once are answered after {held:.1f} s")
    resource = await namespace.ready()
    diary.note(f"cold start: {resource['status']['coldStart']}")
    await namespace.says("Ready", "True", "Serving")

    await asleep(namespace, first)
    diary.note("it sleeps again, 0 requests a second")
    await asyncio.to_thread(namespace.apply, to_zero(way, 2, mode, {"weight": 50, "for": "5s"}))
    async with load(way.url, headers=caller.headers, keep_alive=2, fresh=1) as seen:
        second = await promoted(namespace, other_than=first)
        diary.note("the second revision is promoted")
        await by_the_interceptor(namespace, caller)
        diary.note("requests go by the interceptor")
        before = seen.ok
        await namespace.until("the second answers by the interceptor", lambda: seen.ok > before + 200)
    diary.note(f"the load ends, {seen.ok} answered")
    assert seen.failures == []
    assert set(seen.revisions) == {first, second}, "the first was awake before it shared"
    await asleep(namespace, second)
    diary.note("KEDA has taken the last pod of the second away")
    namespace.run("delete", "mdep", "sentiment", "--wait=true", "--timeout=60s")
    await namespace.until("KEDA has let go", lambda: not namespace.list("scaledobject"))
