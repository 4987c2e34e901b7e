"""What is said where a policy is not in force, or cannot be read: the mend, for both ways of installing."""

import asyncio
import random
import time
from typing import Any, cast

import pytest

from charts.written import CHART
from modelyard_operator.approval.guards import UNREAD, Guard, Guards
from modelyard_operator.approval.reader import REFRESH_SECONDS, TRUSTED_SECONDS, GuardReader
from modelyard_operator.kube.client import Client
from modelyard_operator.kube.errors import ApiError
from modelyard_operator.kube.objects import Key
from modelyard_operator.kube.queue import WorkQueue


class Refusing:
    """An API server that answers every question with one error."""

    def __init__(self, status: int) -> None:
        self._status = status

    async def get(self, path: str) -> dict[str, Any]:
        raise ApiError(self._status, "No", path)


async def read(status: int) -> Guards:
    queue: WorkQueue[Key] = WorkQueue(random.Random(1), time.monotonic)
    reader = GuardReader(cast(Client, Refusing(status)), queue, clock=lambda: 1000.0)
    reader.keep(Key("default", "x"))
    async with asyncio.timeout(20):
        await queue.get()
    return reader.guards


@pytest.mark.parametrize(
    ("policy", "value", "file"),
    [
        ("approver", "install", "k8s/base/admission.yaml"),
        ("changed_by", "changedBy", "k8s/components/changed-by/policy.yaml"),
    ],
)
async def test_what_is_missing_is_installed_by_a_value_of_the_chart_or_by_a_file(
    policy: str, value: str, file: str
) -> None:
    problem = getattr(await read(404), policy).problem
    assert "is not installed: with Helm" in problem
    assert f"admissionPolicies.{value}=true" in problem
    assert f"with kustomize kubectl apply --server-side -f {file}" in problem
    assert (CHART.parents[1] / file).is_file()


async def test_the_right_to_look_is_given_by_a_value_of_the_chart_or_by_files() -> None:
    problem = (await read(403)).approver.problem
    assert problem.startswith("the operator may not read the admission policy modelyard-approver: with Helm")
    assert "rbac.readAdmissionPolicies" in problem
    assert "with kustomize apply rbac.yaml and role_bindings.yaml of k8s/base" in problem


class Api:
    """Has no policies, and may be away."""

    away: Exception | None = None

    async def get(self, path: str) -> dict[str, Any]:
        raise self.away or ApiError(404, "NotFound", path)


class Reading:
    """A reader whose clock stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.api = Api()
        self.queue: WorkQueue[Key] = WorkQueue(random.Random(1), time.monotonic)
        self.reader = GuardReader(cast(Client, self.api), self.queue, clock=lambda: self.now)

    async def read(self) -> bool:
        """Whether the resource that waits is looked at again."""
        self.now += REFRESH_SECONDS
        self.reader.keep(Key("default", "x"))
        async with asyncio.timeout(10):
            while self.reader.pending:  # noqa: ASYNC110 - it tells only the queue
                await asyncio.sleep(0)
        if not self.queue.depth:
            return False
        key, _ = await self.queue.get()
        self.queue.done(key)
        return True


async def test_what_cannot_be_read_is_told_once_and_is_over_once_it_can() -> None:
    it = Reading()
    it.api.away = ApiError(503, "ServiceUnavailable", "try later")
    assert await it.read()
    guards = it.reader.guards
    assert (guards.approver, guards.changed_by) == (Guard(), Guard()), "nothing is known"
    assert guards.trouble == "the admission policies cannot be read: 503 ServiceUnavailable: try later"
    assert not await it.read(), "that is told already"
    it.api.away = None
    assert await it.read()
    assert it.reader.guards.approver.is_known
    assert not it.reader.guards.trouble


async def test_what_was_read_stands_for_a_while_when_it_cannot_be_read_again() -> None:
    it = Reading()
    assert await it.read()
    known = it.reader.guards
    it.api.away = TimeoutError()
    assert not await it.read()
    assert it.reader.guards == known
    it.now += TRUSTED_SECONDS
    assert it.reader.guards.approver == UNREAD.approver
    assert it.reader.guards.trouble == "the admission policies cannot be read: TimeoutError"
