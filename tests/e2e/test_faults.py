"""What breaks around the pods, and who must not notice."""

import asyncio

import httpx
import pytest

from tests.e2e.cluster import OPERATOR, Namespace, condition, sentiment
from tests.e2e.load import load
from tests.e2e.test_rollout import generation, promoted

pytestmark = pytest.mark.e2e


async def test_redis_killed_answers_go_on(namespace: Namespace) -> None:
    namespace.apply(sentiment(cache={"ttlSeconds": 180, "managed": {}}))
    await namespace.ready()
    async with load(await namespace.url(), keep_alive=2, fresh=1) as seen:
        await namespace.until("the load is under way", lambda: seen.ok > 50)
        (pod,) = namespace.list("pod", "app.kubernetes.io/component=cache")
        namespace.run("delete", "pod", pod["metadata"]["name"], "--force", "--grace-period=0")
        before = seen.ok
        await namespace.until("answers went on meanwhile", lambda: seen.ok > before + 200)
    assert seen.failures == []
    await namespace.says("CacheReady", "True", "Managed")


async def test_pod_killed_is_replaced_and_ready_tells_the_truth(namespace: Namespace) -> None:
    namespace.apply(sentiment(scaling={"minReplicas": 2, "maxReplicas": 2}))
    resource = await namespace.ready()
    revision = resource["status"]["stableRevision"]
    pods = namespace.list("pod", f"modelyard.dev/revision={revision}")
    assert len(pods) == 2
    namespace.run("delete", "pod", pods[0]["metadata"]["name"], "--force", "--grace-period=0")

    def replaced() -> bool:
        now = namespace.list("pod", f"modelyard.dev/revision={revision}")
        uids = {p["metadata"]["uid"] for p in now}
        return pods[0]["metadata"]["uid"] not in uids and namespace.mdep()["status"]["replicas"] == 2

    await namespace.until("two pods are ready again", replaced)
    assert condition(namespace.mdep(), "Ready")["status"] == "True"


async def test_operator_killed_mid_change_finishes_it(namespace: Namespace, operator: Namespace) -> None:
    namespace.apply(generation(1))
    first = await promoted(namespace)
    async with load(await namespace.url(), keep_alive=2, fresh=1) as seen:
        namespace.apply(generation(2))

        def candidate() -> str | None:
            found: str | None = namespace.mdep()["status"].get("candidateRevision")
            return found

        await namespace.until("a candidate is on its way", candidate)
        (pod,) = operator.list("pod", OPERATOR)
        operator.run("delete", "pod", pod["metadata"]["name"], "--force", "--grace-period=0")
        await promoted(namespace, other_than=first)
    assert seen.failures == []


async def test_deletion_with_the_operator_down(namespace: Namespace, operator: Namespace) -> None:
    namespace.apply(sentiment(cache={"ttlSeconds": 180, "managed": {}}))
    await namespace.ready()
    operator.run("scale", "deployment", "modelyard-operator", "--replicas=0")
    try:
        await operator.until("the operator is down", lambda: not operator.list("pod", OPERATOR))
        assert (
            httpx.post(f"{await namespace.url()}/predict", json={"text": ["fine"]}, timeout=30).status_code
            == 200
        )
        namespace.run("delete", "mdep", "sentiment", "--wait=true", "--timeout=30s")

        def nothing_left() -> bool:
            kinds = "deploy,rs,pod,svc,hpa,pdb,cm,secret,sa,netpol,job,controllerrevision"
            return not namespace.list(kinds, "modelyard.dev/deployment=sentiment")

        await namespace.until("all children are gone", nothing_left)
    finally:
        operator.run("scale", "deployment", "modelyard-operator", "--replicas=1")
        operator.run("rollout", "status", "deployment/modelyard-operator", "--timeout=120s")


def leads(operator: Namespace) -> tuple[str, str] | None:
    """The Lease's holder, and the running pod that it is."""
    holder: str = operator.get("lease", "modelyard-operator")["spec"].get("holderIdentity") or ""
    pods = [p["metadata"]["name"] for p in operator.list("pod", OPERATOR)]
    return next(((holder, pod) for pod in pods if len(pods) == 2 and holder.startswith(pod)), None)


async def test_two_operators_and_the_leader_is_killed(namespace: Namespace, operator: Namespace) -> None:
    operator.run("scale", "deployment", "modelyard-operator", "--replicas=2")
    try:
        operator.run("rollout", "status", "deployment/modelyard-operator", "--timeout=120s")
        holder, leader = await operator.until("one of them leads", lambda: leads(operator))
        operator.run("delete", "pod", leader, "--force", "--grace-period=0")
        namespace.apply(sentiment())
        await namespace.ready()
        assert operator.get("lease", "modelyard-operator")["spec"]["holderIdentity"] != holder
    finally:
        operator.run("scale", "deployment", "modelyard-operator", "--replicas=1")
        operator.run("rollout", "status", "deployment/modelyard-operator", "--timeout=120s")


async def test_foreign_edits_are_put_back(namespace: Namespace) -> None:
    namespace.apply(sentiment())
    resource = await namespace.ready()
    revision = resource["status"]["stableRevision"]
    namespace.run(
        "patch", "svc", "sentiment", "-p", '{"spec":{"selector":{"modelyard.dev/revision":"other"}}}'
    )
    namespace.run("delete", "hpa", f"sentiment-{revision}")

    def back() -> bool:
        namespace.get("hpa", f"sentiment-{revision}")
        return bool(
            namespace.get("svc", "sentiment")["spec"]["selector"]["modelyard.dev/revision"] == revision
        )

    await namespace.until("the Service and the autoscaler are back", back)
    await asyncio.to_thread(
        httpx.post, f"{await namespace.url()}/predict", json={"text": ["fine"]}, timeout=30
    )
