"""ModelApprovals and the admission policies on a real API server, with users of few rights."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from modelyard_operator.api import approval
from modelyard_operator.api.base import API_VERSION
from modelyard_operator.api.crd import approval_crd, crd
from modelyard_operator.api.deployment import KIND, PLURAL
from modelyard_operator.approval import policies
from modelyard_operator.labels import CHANGED_BY
from modelyard_operator.rbac import cluster_role
from tests.control_plane import ControlPlane, wait_until

pytestmark = pytest.mark.integration

ALICE, BOB, OPERATOR = "alice", "bob", "operator"
ROOT = f"/apis/{API_VERSION}/namespaces/default"
APPROVALS, DEPLOYMENTS = f"{ROOT}/{approval.PLURAL}", f"{ROOT}/{PLURAL}"
DIGEST = "sha256:" + "a" * 64
SPEC = {"model": {"uri": "s3://models/sentiment"}}


def made(approver: str, name: str = "one", **spec: Any) -> dict[str, Any]:
    asked = {"deployment": "x", "revision": "rabc", "evidence": DIGEST, "decision": "approve"}
    return {
        "apiVersion": API_VERSION,
        "kind": approval.KIND,
        "metadata": {"name": name},
        "spec": {**asked, "approver": approver, **spec},
    }


def deployment(name: str, by: str | None = None, **spec: Any) -> dict[str, Any]:
    annotations = {} if by is None else {CHANGED_BY: by}
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": name, "annotations": annotations},
        "spec": SPEC | spec,
    }


def role(name: str, user: str, *rules: dict[str, Any]) -> list[dict[str, Any]]:
    group = "rbac.authorization.k8s.io"
    return [
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": name},
            "rules": list(rules),
        },
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
            "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
        },
    ]


def may(resources: list[str], *verbs: str) -> dict[str, Any]:
    return {"apiGroups": ["modelyard.dev"], "resources": resources, "verbs": list(verbs)}


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    plane = ControlPlane(tmp_path_factory.mktemp("plane"), users=(ALICE, BOB, OPERATOR))
    try:
        plane.start()
        applied = plane.kubectl("apply", "--server-side", "-f", "-", stdin=[crd(), approval_crd()])
        assert applied.returncode == 0, applied.stderr
        with plane.client() as admin:
            for path in (APPROVALS, DEPLOYMENTS):
                wait_until(lambda path=path: admin.get(path).status_code == 200, path)
        everything = may(["modeldeployments", "modeldeployments/status", "modelapprovals"], "*")
        grants = [*role("alice", ALICE, everything), *role("bob", BOB, may(["modeldeployments"], "*"))]
        grants += role("operator", OPERATOR, *cluster_role()["rules"])
        pairs = [*policies.approver(), *policies.status(OPERATOR), *policies.changed_by()]
        applied = plane.kubectl("apply", "--server-side", "-f", "-", stdin=[*grants, *pairs])
        assert applied.returncode == 0, applied.stderr
        assert "Warning" not in applied.stderr
        yield plane
    finally:
        plane.stop()


@pytest.fixture(scope="module")
def alice(plane: ControlPlane) -> Iterator[httpx.Client]:
    """May do everything with our kinds. The policies are in force once they refuse her."""
    with plane.client(ALICE) as client:

        def refused(path: str, body: dict[str, Any]) -> bool:
            return client.post(path, params={"dryRun": "All"}, json=body).status_code == 403

        wait_until(lambda: refused(APPROVALS, made(BOB)), "the policy on approvers")
        wait_until(lambda: refused(DEPLOYMENTS, deployment("x", BOB)), "the policy on who changed what")
        assert client.post(DEPLOYMENTS, json=deployment("probe", ALICE)).status_code == 201
        path = f"{DEPLOYMENTS}/probe/status"
        wait_until(
            lambda: patch(client, path, {"status": {"replicas": 1}}) == 403, "the policy on the status"
        )
        yield client


def patch(client: httpx.Client, path: str, body: dict[str, Any]) -> int:
    headers = {"Content-Type": "application/merge-patch+json"}
    return client.patch(path, json=body, headers=headers).status_code


def words(answer: httpx.Response) -> str:
    return str(answer.json()["message"])


def test_a_forged_approver_is_refused(alice: httpx.Client) -> None:
    forged = alice.post(APPROVALS, json=made(BOB))
    assert forged.status_code == 403
    assert "spec.approver must be who makes it: write alice" in words(forged)
    assert alice.post(APPROVALS, json=made(ALICE, "mine")).status_code == 201


def test_an_approver_is_not_borrowed_by_impersonation_without_the_right(alice: httpx.Client) -> None:
    answer = alice.post(APPROVALS, json=made(BOB), headers={"Impersonate-User": BOB})
    assert answer.status_code == 403
    assert "cannot impersonate" in words(answer)


def test_the_right_to_approve_is_rbac(plane: ControlPlane) -> None:
    with plane.client(BOB) as bob:
        answer = bob.post(APPROVALS, json=made(BOB))
    assert answer.status_code == 403
    assert 'User "bob" cannot create resource "modelapprovals"' in words(answer)


@pytest.mark.parametrize("field", ["decision", "approver", "evidence", "reason"])
def test_a_decision_is_never_changed(alice: httpx.Client, field: str) -> None:
    name = f"final-{field}"
    assert alice.post(APPROVALS, json=made(ALICE, name)).status_code == 201
    other = {"decision": "reject", "approver": BOB, "evidence": "sha256:" + "b" * 64, "reason": "no"}[field]
    headers = {"Content-Type": "application/merge-patch+json"}
    changed = alice.patch(f"{APPROVALS}/{name}", json={"spec": {field: other}}, headers=headers)
    assert changed.status_code == 422
    assert "a decision is never changed: make another ModelApproval" in words(changed)
    # What is not the decision may change: labels, owners.
    labels = {"metadata": {"labels": {"a": "b"}}}
    assert alice.patch(f"{APPROVALS}/{name}", json=labels, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"evidence": "abc"}, "is no digest: copy status.rollout.evidenceDigest"),
        ({"evidence": DIGEST.upper()}, "is no digest"),
        ({"decision": "maybe"}, 'supported values: "approve", "reject"'),
        ({"deployment": "X"}, "is no name of a ModelDeployment"),
        ({"revision": "r/1"}, "is no revision: copy status.candidateRevision"),
        ({"reason": "x" * 1025}, "may not be more than 1024"),
        ({"reason": None, "deployment": None}, "spec.deployment: Required value"),
    ],
)
def test_what_is_no_decision_is_refused_in_words(
    alice: httpx.Client, spec: dict[str, Any], says: str
) -> None:
    body = made(ALICE, "wrong", **spec)
    body["spec"] = {key: value for key, value in body["spec"].items() if value is not None}
    answer = alice.post(APPROVALS, params={"dryRun": "All"}, json=body)
    assert answer.status_code == 422
    assert says in words(answer)


def test_only_the_operator_writes_the_status(plane: ControlPlane, alice: httpx.Client) -> None:
    path = f"{DEPLOYMENTS}/probe/status"
    headers = {"Content-Type": "application/merge-patch+json"}
    status = {"status": {"stableRevision": "rforged"}}
    with plane.client() as admin, plane.client(OPERATOR) as operator:
        for client in (alice, admin):
            refused = client.patch(path, json=status, headers=headers)
            assert refused.status_code == 403
            assert "is written by operator alone" in words(refused)
        written = operator.patch(path, json=status, headers=headers)
        assert written.json()["status"]["stableRevision"] == "rforged"
    # Nor by way of the object itself.
    whole = {**deployment("sneaky", ALICE), "status": {"stableRevision": "rforged"}}
    assert "stableRevision" not in alice.post(DEPLOYMENTS, json=whole).json()["status"]


class TestChangedBy:
    @pytest.fixture
    def path(self, alice: httpx.Client, request: pytest.FixtureRequest) -> str:
        name = f"c{abs(hash(request.node.name)) % 10**9}"
        assert alice.post(DEPLOYMENTS, json=deployment(name, ALICE)).status_code == 201
        return f"{DEPLOYMENTS}/{name}"

    @pytest.fixture
    def bob(self, plane: ControlPlane) -> Iterator[httpx.Client]:
        with plane.client(BOB) as client:
            yield client

    def change(self, client: httpx.Client, path: str, by: str | None, maximum: int | None) -> httpx.Response:
        body: dict[str, Any] = {"metadata": {"annotations": {CHANGED_BY: by}}}
        if maximum is not None:
            body["spec"] = {"scaling": {"maxReplicas": maximum}}
        headers = {"Content-Type": "application/merge-patch+json"}
        return client.patch(path, json=body, headers=headers)

    def test_whoever_changes_the_spec_is_named(self, bob: httpx.Client, path: str) -> None:
        silent = self.change(bob, path, ALICE, 5)
        assert silent.status_code == 403
        assert f"metadata.annotations[{CHANGED_BY}] must name who changes the spec: write bob" in words(
            silent
        )
        assert self.change(bob, path, None, 5).status_code == 403
        assert self.change(bob, path, BOB, 5).status_code == 200

    def test_nobody_takes_over_anothers_change(self, bob: httpx.Client, path: str) -> None:
        for by in (BOB, None):
            taken = self.change(bob, path, by, None)
            assert taken.status_code == 403
            assert "may change only together with the spec: leave it at alice" in words(taken)

    def test_what_changes_nothing_of_the_spec_is_free(self, bob: httpx.Client, path: str) -> None:
        assert patch(bob, path, {"metadata": {"annotations": {"modelyard.dev/command": "x"}}}) == 200

    def test_a_new_one_names_its_maker(self, alice: httpx.Client) -> None:
        for by in (None, BOB):
            assert alice.post(DEPLOYMENTS, json=deployment("new", by)).status_code == 403
