"""KEDA itself scales a revision by its requests, and goes away while it does."""

import asyncio
import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from demo.shell import run, stream
from demo.targets.base import Target
from demo.targets.embedded import DEVCLUSTER
from devcluster.config import Settings
from devcluster.endpoints import PROMETHEUS_SERVICE_URL
from devcluster.processes import ProcessTable
from tests.e2e.cluster import Namespace, sentiment
from tests.e2e.load import load

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.timeout(3600)]

SETTINGS = Settings.from_environment()
SCALING = {
    "minReplicas": 1,
    "maxReplicas": 3,
    "requestsPerSecond": 10,
    "prometheus": {"address": PROMETHEUS_SERVICE_URL},
    "behavior": {"scaleDown": {"stabilizationWindowSeconds": 15}},
}
# So much that the CPU asks for no second pod.
RESOURCES = {"requests": {"cpu": "1", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "768Mi"}}
ADAPTER = "keda-adapter"


@pytest.fixture
def keda(target: Target) -> Iterator[Target]:
    """The cluster with Prometheus and KEDA; without KEDA again when the test ends, if it had none."""
    if target.name != "embedded":
        pytest.skip(f"{target.name} brings no KEDA; run with CLUSTER=embedded")
    before = {extra["name"] for extra in _status()["extras"]}
    stream([DEVCLUSTER, "up", "--with", "prometheus,keda"])
    yield target
    if "keda" not in before:
        run([DEVCLUSTER, "remove", "keda"])


def _status() -> dict[str, Any]:
    done = subprocess.run([DEVCLUSTER, "status", "--json"], capture_output=True, text=True, check=False)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


class Watch:
    """How many pods there are and who scales them, looked at all the time.

    Args:
        namespace: Where.
    """

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace
        self._began = time.monotonic()
        self.ready = 0
        self.scalers: set[tuple[str, ...]] = set()
        """Every set of autoscalers that was seen, by name, without the revision."""
        self.changes: list[str] = []

    def look(self) -> int:
        """The pods that are ready now."""
        (deployment,) = self._namespace.list("deploy", "app.kubernetes.io/component=server")
        name = deployment["metadata"]["name"]
        ready = int(deployment["status"].get("readyReplicas", 0))
        found = self._namespace.list("hpa")
        self.scalers.add(tuple(sorted(hpa["metadata"]["name"].replace(name, "REVISION") for hpa in found)))
        if ready != self.ready:
            self.ready = ready
            self.changes.append(f"{time.monotonic() - self._began:4.0f} s: {ready} ready")
        return ready

    async def go_on(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(0.5)

    def note(self, what: str) -> None:
        """Write a moment down."""
        self.changes.append(f"{time.monotonic() - self._began:4.0f} s: {what}")


async def test_keda_scales_out_and_in_by_requests_and_the_cpu_takes_over_when_it_goes(
    keda: Target, namespace: Namespace
) -> None:
    server = {"maxConnectionAgeSeconds": 5, "resources": RESOURCES}
    namespace.apply(sentiment(server=server, scaling=SCALING))
    resource = await namespace.ready()
    name = f"sentiment-{resource['status']['stableRevision']}"
    said = await namespace.says("ScalerReady", "True", "Scaling")
    assert said["message"] == "between 1 and 3 pods"
    watch = Watch(namespace)
    await namespace.until("KEDA made its autoscaler", lambda: watch.look() and watch.scalers - {()})
    watcher = asyncio.create_task(watch.go_on())
    try:
        async with load(await namespace.url(), keep_alive=2, fresh=1, pause=0.5) as few:
            watch.note("a few requests a second")
            async with load(await namespace.url(), keep_alive=8, fresh=2, pause=0.15) as many:
                watch.note("many requests a second")
                await namespace.until("three pods are ready", lambda: watch.ready == 3, within=240)
            watch.note(f"the many end, {many.ok} answered")

            await asyncio.to_thread(_table().stop, ADAPTER, 10.0)
            watch.note("KEDA's adapter has ended")
            words = (await namespace.says("ScalerReady", "False", "NotScaling"))["message"]
            assert "KEDA's autoscaler does not scale" in words
            assert watch.ready == 3, "nobody knows how many requests there are"
            watch.note(words)
            await asyncio.to_thread(run, [DEVCLUSTER, "restart", ADAPTER])
            watch.note("KEDA's adapter is back")
            await namespace.until("one pod is left", lambda: watch.ready == 1, within=300)
            await namespace.says("ScalerReady", "True", "Scaling")

            await asyncio.to_thread(run, [DEVCLUSTER, "crds", "remove", "keda"])
            watch.note("KEDA's kinds are gone")
            words = (await namespace.says("ScalerReady", "False", "NoKeda"))["message"]
            assert "Install KEDA, or leave them out" in words
            await namespace.until("the CPU decides", lambda: _autoscalers(namespace) == [name], within=60)
            watch.note("an autoscaler by the CPU is there")
            await asyncio.to_thread(run, [DEVCLUSTER, "crds", "restore", "keda"])
            await namespace.says("ScalerReady", "True", "Scaling")
            kedas = [f"keda-hpa-{name}"]
            await namespace.until("KEDA scales", lambda: _autoscalers(namespace) == kedas, within=60)
            watch.note("KEDA scales again")
        watch.note(f"the few end, {few.ok} answered")
        assert few.failures == many.failures == []
    finally:
        watcher.cancel()
        print("", *watch.changes, sep="\n")
    alone = {("REVISION",), ("keda-hpa-REVISION",)}
    assert alone <= watch.scalers <= {*alone, ()}, "never two at a time"


def _table() -> ProcessTable:
    return ProcessTable(SETTINGS.run_dir, SETTINGS.log_dir)


def _autoscalers(namespace: Namespace) -> list[str]:
    return [hpa["metadata"]["name"] for hpa in namespace.list("hpa")]
