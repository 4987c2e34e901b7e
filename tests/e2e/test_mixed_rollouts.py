"""Rollouts of every outcome, one after the other, under clients that never stop asking."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest

from demo.targets.base import Ingress, Target
from tests.e2e.cluster import OPERATOR, Namespace, Resource
from tests.e2e.gateways import at_weight, behind, command, open_for
from tests.e2e.load import load
from tests.e2e.test_rollout import generation, promoted

pytestmark = pytest.mark.e2e

ROLLOUTS = 100
"""Of the long form."""
STEPS = ({"weight": 50, "for": "2s"},)
MODES = ("istio", "replicas")


@dataclass
class Case:
    """A deployment and whoever changes it."""

    namespace: Namespace
    operator: Namespace
    way: Ingress | None
    """None: clients call the Service."""
    numbers: Iterator[int]
    stable: str = ""

    def next(self) -> Resource:
        number = next(self.numbers)
        if self.way is not None:
            return behind(self.way, number, *STEPS)
        return generation(number, routing={"mode": "replicas"}, rollout={"steps": list(STEPS)})

    async def change(self) -> None:
        await asyncio.to_thread(self.namespace.apply, self.next())

    async def candidate(self) -> str:
        def there() -> str | None:
            found: str | None = self.namespace.mdep()["status"].get("candidateRevision")
            return found

        found: str = await self.namespace.until("a candidate is on its way", there)
        return found

    async def another_serves(self) -> None:
        self.stable = await promoted(self.namespace, other_than=self.stable)


async def succeeds(case: Case) -> None:
    await case.change()
    await case.another_serves()


async def is_aborted(case: Case) -> None:
    await case.change()
    candidate = await at_weight(case.namespace, 50)
    await command(case.namespace, "abort", candidate)

    def given_up() -> bool:
        rejected = case.namespace.mdep()["status"]["rollout"]["rejected"]
        return any(each["revision"] == candidate for each in rejected)

    await case.namespace.until("the candidate is given up", given_up)
    assert await promoted(case.namespace) == case.stable


async def is_rolled_back(case: Case) -> None:
    before = case.stable
    await succeeds(case)
    await command(case.namespace, "rollback", before)

    def back() -> bool:
        return bool(case.namespace.mdep()["status"]["stableRevision"] == before)

    await case.namespace.until("the former revision serves", back)
    case.stable = await promoted(case.namespace)


async def is_superseded(case: Case) -> None:
    await case.change()
    await case.candidate()
    await case.change()
    await case.another_serves()


async def loses_its_operator(case: Case) -> None:
    await case.change()
    await case.candidate()
    (pod,) = case.operator.list("pod", OPERATOR)
    case.operator.run("delete", "pod", pod["metadata"]["name"], "--force", "--grace-period=0")
    await case.another_serves()


OUTCOMES: tuple[Callable[[Case], Awaitable[None]], ...] = (
    succeeds,
    is_aborted,
    is_rolled_back,
    is_superseded,
    loses_its_operator,
)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "rollouts",
    [
        pytest.param(len(OUTCOMES), marks=pytest.mark.timeout(900)),
        pytest.param(ROLLOUTS, marks=[pytest.mark.soak, pytest.mark.timeout(7200)]),
    ],
)
async def test_rollouts_of_every_outcome_lose_no_request(
    mesh: Target, namespace: Namespace, operator: Namespace, mode: str, rollouts: int
) -> None:
    way = mesh.ingress("sentiment", namespace.name) if mode == "istio" else None
    case = Case(namespace, operator, way, itertools.count(1))
    namespace.apply(case.next())
    case.stable = await promoted(namespace)
    headers = await open_for(namespace, way) if way is not None else {}
    url = way.url if way is not None else await namespace.url()
    async with load(url, headers=headers, keep_alive=4, fresh=2, limit=1_000_000) as seen:
        for number, outcome in enumerate(itertools.islice(itertools.cycle(OUTCOMES), rollouts), 1):
            await outcome(case)
            print(
                f"{mode}: {number} of {rollouts}, {outcome.__name__}, {seen.ok} requests answered", flush=True
            )
            assert seen.failures == [], f"rollout {number}: {outcome.__name__}"
    assert seen.failures == []
    print(f"{mode}: {rollouts} rollouts, {seen.ok} requests answered, {len(seen.failures)} failed")
