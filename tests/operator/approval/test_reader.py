"""What is said where a policy is not in force: the mend, for both ways of installing."""

import asyncio
import random
import time
from typing import Any, cast

import pytest

from charts.written import CHART
from modelyard_operator.approval.guards import Guards
from modelyard_operator.approval.reader import GuardReader
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
