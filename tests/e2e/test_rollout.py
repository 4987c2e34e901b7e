"""A change of revision, seen by clients that never stop asking."""

import asyncio
from typing import Any

import pytest

from tests.e2e.cluster import Namespace, Resource, condition, sentiment
from tests.e2e.load import load

pytestmark = pytest.mark.e2e


def generation(n: int, **spec: Any) -> Resource:
    """The n-th revision: equal but for one variable."""
    return sentiment(
        server={"env": [{"name": "GENERATION", "value": str(n)}], "maxConnectionAgeSeconds": 600}, **spec
    )


async def promoted(
    namespace: Namespace, revision: str | None = None, *, other_than: str | None = None
) -> str:
    """The stable revision once it is the wanted one and serves."""
    resource = await namespace.ready(within=240)
    stable: str = resource["status"]["stableRevision"]
    assert revision is None or stable == revision
    assert stable != other_than
    return stable


async def test_update_and_roll_back_under_load_lose_no_request(namespace: Namespace) -> None:
    namespace.apply(generation(1))
    first = await promoted(namespace)
    warm_pods = {p["metadata"]["uid"] for p in namespace.list("pod", f"modelyard.dev/revision={first}")}

    async with load(await namespace.url()) as seen:
        await namespace.until("the load is under way", lambda: seen.ok > 50)
        await asyncio.to_thread(namespace.apply, generation(2))
        second = await promoted(namespace, other_than=first)
        await namespace.until(
            "the new revision answers everyone", switched(seen.revisions, second), within=60
        )

        await asyncio.to_thread(namespace.apply, generation(1))
        await promoted(namespace, first)
        await namespace.until("the old revision answers everyone", switched(seen.revisions, first), within=60)

        # The same by a command, which names the revision and leaves the spec alone.
        back = f"modelyard.dev/command=rollback@{second}#1"
        await asyncio.to_thread(namespace.run, "annotate", "mdep", "sentiment", back)
        await namespace.until("the named one answers everyone", switched(seen.revisions, second), within=60)
        assert await promoted(namespace) == second

    assert seen.failures == []
    assert set(seen.revisions) == {first, second}
    still = {p["metadata"]["uid"] for p in namespace.list("pod", f"modelyard.dev/revision={first}")}
    assert warm_pods <= still, "the roll-back went to the pods that were still warm"


def switched(revisions: dict[str, int], to: str):  # type: ignore[no-untyped-def]
    """Whether, between two looks, only `to` has answered, and often."""
    before: dict[str, int] = {}

    def check() -> bool:
        nonlocal before
        if not before:
            before = dict(revisions)
            return False
        grown = {name for name, count in revisions.items() if count > before.get(name, 0)}
        enough = revisions.get(to, 0) >= before.get(to, 0) + 50
        if grown - {to}:
            before = dict(revisions)
            return False
        return enough

    return check


async def test_a_bad_update_never_disturbs_what_serves(namespace: Namespace) -> None:
    namespace.apply(generation(1, rollout={"deadline": "30s"}))
    first = await promoted(namespace)
    async with load(await namespace.url(), keep_alive=2, fresh=1) as seen:
        bad = generation(2, rollout={"deadline": "30s"})
        bad["spec"]["server"]["nodeSelector"] = {"kubernetes.io/hostname": "nowhere"}
        await asyncio.to_thread(namespace.apply, bad)
        stalled = await namespace.until(
            "the update is given up",
            lambda: (c := condition(namespace.mdep(), "Stalled"))["status"] == "True" and c,
            within=120,
        )
    resource = namespace.mdep()
    assert "node" in stalled["message"].lower()
    assert condition(resource, "Ready")["status"] == "True"
    assert resource["status"]["stableRevision"] == first
    assert seen.failures == []
    assert set(seen.revisions) == {first}


async def test_scaling_cache_and_policy_changes_make_no_revision(namespace: Namespace) -> None:
    namespace.apply(generation(1, cache={"ttlSeconds": 180, "managed": {}}))
    first = await promoted(namespace)
    pods = {p["metadata"]["uid"] for p in namespace.list("pod", f"modelyard.dev/revision={first}")}
    changed = generation(
        1,
        cache={"ttlSeconds": 60, "managed": {}},
        scaling={"minReplicas": 1, "maxReplicas": 2, "cpuUtilization": 50},
        networkPolicy={"enabled": False},
    )
    namespace.apply(changed)

    def seen() -> bool:
        resource = namespace.mdep()
        return bool(resource["status"]["observedGeneration"] == resource["metadata"]["generation"])

    await namespace.until("the change was looked at", seen)
    await promoted(namespace, first)
    hpa = namespace.get("hpa", f"sentiment-{first}")
    assert hpa["spec"]["maxReplicas"] == 2
    now = {p["metadata"]["uid"] for p in namespace.list("pod", f"modelyard.dev/revision={first}")}
    assert pods <= now, "no pod was made anew"
