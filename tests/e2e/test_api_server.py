"""The API server restarts, forgets, or says no: the operator goes on, without a restart of its own."""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import yaml

from demo.shell import ROOT, run
from demo.targets.base import Target
from demo.targets.embedded import DEVCLUSTER, Embedded
from tests.e2e.cluster import OPERATOR, Namespace, condition

pytestmark = pytest.mark.e2e

CRD = ROOT / "k8s/base/crd.yaml"
ROLE = "modelyard-operator"


@pytest.fixture
def embedded(target: Target) -> Target:
    """These tests restart the API server and remove the CRD: only where the cluster is ours."""
    if not isinstance(target, Embedded):
        pytest.fail("needs CLUSTER=embedded: this test restarts the API server")
    return target


def digits(name: str) -> dict[str, Any]:
    resource: dict[str, Any] = yaml.safe_load((ROOT / "examples/digits.yaml").read_text())
    resource["metadata"]["name"] = name
    del resource["spec"]["cache"]
    return resource


@contextlib.asynccontextmanager
async def same_operator(operator: Namespace) -> AsyncIterator[None]:
    """The operator's container is the same one afterwards."""

    def started() -> set[str]:
        return {
            pod["metadata"]["uid"] + str(pod["status"]["containerStatuses"][0]["restartCount"])
            for pod in operator.list("pod", OPERATOR)
        }

    operator.run("rollout", "status", "deployment/modelyard-operator", "--timeout=120s")
    before = started()
    assert before
    yield
    if started() != before:
        last_words = operator.run("logs", f"--selector={OPERATOR}", "--previous", "--tail=50")
        pytest.fail(f"the operator ended:\n{last_words}")


async def test_restart_with_compaction_while_a_child_and_a_resource_go(
    embedded: Target, namespace: Namespace, operator: Namespace
) -> None:
    namespace.apply(digits("stays"), digits("goes"))
    revision = (await namespace.ready("stays"))["status"]["stableRevision"]
    await namespace.ready("goes")
    url = await namespace.url("stays")
    async with same_operator(operator):
        namespace.run("delete", "mdep", "goes", "--wait=false")
        namespace.run("delete", "hpa", f"stays-{revision}", "--wait=false")
        run([DEVCLUSTER, "compact"])
        run([DEVCLUSTER, "restart", "apiserver"])
        assert httpx.get(f"{url}/ready", timeout=10).status_code == 200, "serving needs no API server"
        await namespace.until("the child is back", lambda: namespace.get("hpa", f"stays-{revision}"))
        kinds = "deploy,svc,hpa,pdb,cm,secret,sa,controllerrevision"
        await namespace.until(
            "the deleted one left nothing", lambda: not namespace.list(kinds, "modelyard.dev/deployment=goes")
        )
        namespace.apply(digits("new"))
        await namespace.ready("new")


async def test_a_missing_permission_on_one_kind(
    embedded: Target, namespace: Namespace, operator: Namespace
) -> None:
    role = embedded.kubectl.get("clusterrole", ROLE)
    without = [rule for rule in role["rules"] if "horizontalpodautoscalers" not in rule["resources"]]
    assert len(without) < len(role["rules"])
    namespace.apply(digits("served"))
    await namespace.ready("served")
    url = await namespace.url("served")

    def allow(rules: list[dict[str, Any]]) -> None:
        embedded.kubectl("patch", "clusterrole", ROLE, "--type=merge", "-p", json.dumps({"rules": rules}))

    async with same_operator(operator):
        try:
            allow(without)
            # A right is checked when a watch begins.
            run([DEVCLUSTER, "restart", "apiserver"])
            told = await namespace.says("Stalled", "True", "KindUnavailable", "served")
            assert "HorizontalPodAutoscaler" in told["message"]
            assert condition(namespace.mdep("served"), "Ready")["status"] == "True"
            assert httpx.get(f"{url}/ready", timeout=10).status_code == 200
        finally:
            allow(role["rules"])

        def mended() -> bool:
            return bool(condition(namespace.mdep("served"), "Stalled")["status"] == "False")

        await namespace.until("the operator watches again", mended)


async def test_the_crd_removed_and_put_back(
    embedded: Target, namespace: Namespace, operator: Namespace
) -> None:
    kinds = "deploy,svc,hpa,pdb,cm,secret,sa,controllerrevision"

    async def nothing_left(name: str) -> None:
        await namespace.until(
            f"the children went with {name}",
            lambda: not namespace.list(kinds, f"modelyard.dev/deployment={name}"),
        )

    namespace.apply(digits("first"), digits("before"))
    await namespace.ready("first")
    await namespace.ready("before")
    # A garbage collector that has just lost its API server watches our kind again only some time later.
    namespace.run("delete", "mdep", "first")
    await nothing_left("first")
    async with same_operator(operator):
        try:
            embedded.kubectl("delete", "-f", CRD, "--wait=true", "--timeout=120s")
            await nothing_left("before")
        finally:
            embedded.kubectl("apply", "--server-side", "--force-conflicts", "-f", CRD)
            embedded.kubectl("wait", "--for=condition=Established", "-f", CRD, "--timeout=60s")

        def accepted() -> bool:
            namespace.apply(digits("after"))
            return True

        await namespace.until("the kind is served", accepted)
        await namespace.ready("after")
