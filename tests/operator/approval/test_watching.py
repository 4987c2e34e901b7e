"""ModelApprovals reach the resource that they name, whoever made them and without a label."""

import asyncio
import random
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from modelyard_operator.api import approval
from modelyard_operator.api.base import API_VERSION
from modelyard_operator.api.crd import approval_crd, crd
from modelyard_operator.kube.caches import Caches
from modelyard_operator.kube.client import Client, find_access
from modelyard_operator.kube.informer import Timing
from modelyard_operator.kube.objects import Key
from tests.control_plane import ControlPlane, wait_until

pytestmark = pytest.mark.integration

PATH = f"/apis/{API_VERSION}/namespaces/default/{approval.PLURAL}"
NAME = f"{approval.PLURAL}.modelyard.dev"


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    plane = ControlPlane(tmp_path_factory.mktemp("plane"))
    try:
        plane.start()
        assert plane.kubectl("apply", "--server-side", "-f", "-", stdin=crd()).returncode == 0
        yield plane
    finally:
        plane.stop()


def made(name: str, deployment: str) -> dict[str, Any]:
    spec = {"deployment": deployment, "revision": "rnew", "evidence": "sha256:" + "a" * 64}
    spec |= {"decision": "approve", "approver": "admin", "reason": "looks good"}
    return {"apiVersion": API_VERSION, "kind": approval.KIND, "metadata": {"name": name}, "spec": spec}


async def test_they_come_and_go_and_so_may_their_kind(plane: ControlPlane) -> None:
    heard: asyncio.Queue[Key] = asyncio.Queue()
    access = await find_access({"KUBECONFIG": str(plane.kubeconfig())})
    async with Client.connect(access) as client:
        caches = Caches(
            client,
            (),
            namespaces=(),
            changed=heard.put_nowait,
            clock=time.monotonic,
            random=random.Random(1),
            timing=Timing(last_retry=0.5),
        )
        watching = asyncio.create_task(caches.run())
        async with asyncio.timeout(60):
            await caches.synced()
            assert (
                caches.unheard_approvals("team")
                == "the API server has no modelapprovals of modelyard.dev/v1alpha1"
            )
            assert caches.unavailable() == frozenset(), "a rollout without approvals is no worse for it"

            await asyncio.to_thread(_install, plane)
            while caches.unheard_approvals("team") is not None:  # noqa: ASYNC110 - it tells only resources
                await asyncio.sleep(0.02)
            with plane.client() as api:
                await asyncio.to_thread(api.post, PATH, json=made("one", "x"))
                await asyncio.to_thread(api.post, PATH, json=made("two", "y"))
                assert {await heard.get(), await heard.get()} == {Key("default", "x"), Key("default", "y")}
                [found] = caches.approvals.of(Key("default", "x")).values()
                assert (found.name, found.revision, found.approver, found.decision, found.reason) == (
                    "one",
                    "rnew",
                    "admin",
                    "approve",
                    "looks good",
                )
                assert found.created_at.tzinfo is not None
                gone: httpx.Response = await asyncio.to_thread(api.delete, f"{PATH}/one")
                assert gone.status_code == 200
                assert await heard.get() == Key("default", "x")
                assert not caches.approvals.of(Key("default", "x"))
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def _install(plane: ControlPlane) -> None:
    assert plane.kubectl("apply", "--server-side", "-f", "-", stdin=approval_crd()).returncode == 0
    with plane.client() as api:
        wait_until(lambda: api.get(PATH).status_code == 200, "the CRD")
