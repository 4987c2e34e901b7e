"""Whether policies are in force: as a real API server stores them, and as the operator reads them."""

import asyncio
import copy
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from modelyard_operator.approval import policies
from modelyard_operator.approval.guards import TAKES_EFFECT, UNREAD, Guard, Guards, judge, seen
from modelyard_operator.approval.reader import REFRESH_SECONDS, TRUSTED_SECONDS, GuardReader
from modelyard_operator.kube.client import Client, find_access
from modelyard_operator.kube.objects import Key
from modelyard_operator.kube.queue import WorkQueue
from modelyard_operator.rbac import admission_role
from tests.control_plane import ControlPlane

WANTED = policies.approver()
KEY = Key("default", "x")


def live(manifest: dict[str, Any]) -> dict[str, Any]:
    stored = copy.deepcopy(manifest)
    stored["metadata"]["creationTimestamp"] = "2026-11-21T12:00:00Z"
    return stored


def test_what_is_missing_is_named() -> None:
    policy, binding = map(live, WANTED)
    assert judge(WANTED, None, binding, "apply it").problem == (
        "ValidatingAdmissionPolicy modelyard-approver is not installed: apply it"
    )
    assert judge(WANTED, policy, None, "apply it").problem == (
        "ValidatingAdmissionPolicyBinding modelyard-approver is not installed: apply it"
    )


def _weaken_expression(policy: dict[str, Any], binding: dict[str, Any]) -> None:
    policy["spec"]["validations"][0]["expression"] = "true"


def _fail_open(policy: dict[str, Any], binding: dict[str, Any]) -> None:
    policy["spec"]["failurePolicy"] = "Ignore"


def _except_some(policy: dict[str, Any], binding: dict[str, Any]) -> None:
    policy["spec"]["matchConditions"] = [
        {"name": "not-me", "expression": "request.userInfo.username != 'me'"}
    ]


def _except_names(policy: dict[str, Any], binding: dict[str, Any]) -> None:
    policy["spec"]["matchConstraints"]["excludeResourceRules"] = [{"resourceNames": ["mine"]}]


def _except_labels(policy: dict[str, Any], binding: dict[str, Any]) -> None:
    policy["spec"]["matchConstraints"]["objectSelector"] = {"matchLabels": {"a": "b"}}


def _warn(policy: dict[str, Any], binding: dict[str, Any]) -> None:
    binding["spec"]["validationActions"] = ["Warn"]


def _narrow(policy: dict[str, Any], binding: dict[str, Any]) -> None:
    binding["spec"]["matchResources"] = {"namespaceSelector": {"matchLabels": {"a": "b"}}}


@pytest.mark.parametrize(
    "weaken",
    [_weaken_expression, _fail_open, _except_some, _except_names, _except_labels, _warn, _narrow],
)
def test_one_that_asks_less_is_not_in_force(weaken: Callable[..., None]) -> None:
    policy, binding = map(live, WANTED)
    weaken(policy, binding)
    assert (
        "is not as it came with this operator: apply it" in judge(WANTED, policy, binding, "apply it").problem
    )


def test_where_approvals_cannot_be_seen_that_is_said_first() -> None:
    known = Guards(Guard(since=datetime(2026, 11, 21, tzinfo=UTC)))
    assert seen(known, None) == known
    assert seen(known, "modelapprovals may not be listed").approver == Guard(
        problem="modelapprovals may not be listed: with Helm set crds.install and rbac.create to true, "
        "with kustomize apply crd.yaml, rbac.yaml and role_bindings.yaml of k8s/base"
    )


def test_other_words_ask_the_same() -> None:
    policy, binding = map(live, WANTED)
    policy["spec"]["validations"][0]["messageExpression"] = "'non'"
    assert judge(WANTED, policy, binding, "").since is not None


def test_it_counts_from_the_newest_change_of_either() -> None:
    policy, binding = map(live, WANTED)
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert judge(WANTED, policy, binding, "").since == noon + TAKES_EFFECT
    binding["metadata"]["managedFields"] = [{"time": "2026-11-21T12:30:00Z"}]
    policy["metadata"]["managedFields"] = [{"time": "2026-11-21T13:00:00Z", "subresource": "status"}]
    assert judge(WANTED, policy, binding, "").since == noon + timedelta(minutes=30) + TAKES_EFFECT


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server with the operator's rights in it, and no policies."""
    plane = ControlPlane(tmp_path_factory.mktemp("plane"), users=("operator", "nobody"))
    try:
        plane.start()
        role = admission_role()
        group = "rbac.authorization.k8s.io"
        binding = {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "operator"},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role["metadata"]["name"]},
            "subjects": [{"apiGroup": group, "kind": "User", "name": "operator"}],
        }
        assert plane.kubectl("apply", "-f", "-", stdin=[role, binding]).returncode == 0
        yield plane
    finally:
        plane.stop()


class Reading:
    """A reader whose clock stands still until it is moved."""

    def __init__(self, client: Client) -> None:
        self.now = 1000.0
        self.queue: WorkQueue[Key] = WorkQueue(random.Random(1), time.monotonic)
        self.reader = GuardReader(client, self.queue, clock=lambda: self.now)

    async def read(self) -> None:
        self.now += REFRESH_SECONDS
        self.reader.keep(KEY)
        async with asyncio.timeout(20):
            while self.reader.pending:  # noqa: ASYNC110 - it tells only the queue
                await asyncio.sleep(0.01)

    async def news(self) -> bool:
        """Whether the resource is looked at again."""
        if not self.queue.depth:
            return False
        key, _ = await self.queue.get()
        self.queue.done(key)
        return key == KEY


@pytest_asyncio.fixture
async def reading(plane: ControlPlane) -> AsyncIterator[Reading]:
    async for each in _reading(plane, "operator"):
        yield each


async def _reading(plane: ControlPlane, user: str) -> AsyncIterator[Reading]:
    access = await find_access({"KUBECONFIG": str(plane.kubeconfig(user))})
    async with Client.connect(access) as client:
        reading = Reading(client)
        yield reading
        await reading.reader.close()


def apply(plane: ControlPlane, *manifests: dict[str, Any]) -> None:
    done = plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=[*manifests])
    assert done.returncode == 0, done.stderr


@pytest.mark.integration
async def test_the_operator_sees_policies_come_and_go_with_its_own_rights(
    plane: ControlPlane, reading: Reading
) -> None:
    assert reading.reader.guards == UNREAD
    await reading.read()
    assert "ValidatingAdmissionPolicy modelyard-approver is not installed" in (
        reading.reader.guards.approver.problem
    )
    assert await reading.news()

    apply(plane, *policies.approver(), *policies.changed_by())
    await reading.read()
    guards = reading.reader.guards
    assert guards.approver.since is not None, guards.approver.problem
    assert guards.changed_by.since is not None, guards.changed_by.problem
    assert abs(guards.approver.since - TAKES_EFFECT - datetime.now(UTC)) < timedelta(minutes=1)
    assert await reading.news()
    await reading.read()
    assert not await reading.news(), "nothing has changed"

    gone = plane.kubectl("delete", "validatingadmissionpolicybinding", policies.APPROVER)
    assert gone.returncode == 0
    await reading.read()
    assert "Binding modelyard-approver is not installed" in reading.reader.guards.approver.problem
    apply(plane, *policies.approver())


@pytest.mark.integration
async def test_what_was_read_is_believed_only_for_a_while(plane: ControlPlane, reading: Reading) -> None:
    await reading.read()
    known = reading.reader.guards
    assert known != UNREAD
    reading.now += TRUSTED_SECONDS - 1
    assert reading.reader.guards == known
    reading.now += 1
    assert reading.reader.guards == UNREAD


@pytest.mark.integration
async def test_without_the_right_to_look_the_mend_is_said(plane: ControlPlane) -> None:
    async for reading in _reading(plane, "nobody"):
        await reading.read()
        assert (
            "may not read the admission policy modelyard-approver" in reading.reader.guards.approver.problem
        )


@pytest.mark.integration
async def test_an_api_server_that_is_away_is_told_and_changes_nothing_else(
    tmp_path: Path, plane: ControlPlane
) -> None:
    kubeconfig = tmp_path / "config"
    text = plane.kubeconfig().read_text()
    kubeconfig.write_text(text.replace(plane.url, "https://127.0.0.1:1"))
    access = await find_access({"KUBECONFIG": str(kubeconfig)})
    async with Client.connect(access) as client:
        reading = Reading(client)
        await reading.read()
        guards = reading.reader.guards
        assert (guards.approver, guards.changed_by) == (Guard(), Guard())
        assert "the admission policies cannot be read: " in guards.trouble
        assert await reading.news(), "to tell it"
        await reading.read()
        assert not await reading.news(), "what is told already"
