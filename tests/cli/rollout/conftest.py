"""A real API server for the verbs of a rollout; a hand plays the operator's part in the status."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from modelyard_operator.approval import policies
from tests.cli.conftest import Call
from tests.cli.view.resources import deployment, waiting
from tests.control_plane import ControlPlane, wait_until

ROOT = Path(__file__).parents[3]
ALICE, BOB = "alice", "bob"
PATH = "/apis/modelyard.dev/v1alpha1/namespaces/team/modeldeployments/sentiment"
APPROVALS = "/apis/modelyard.dev/v1alpha1/namespaces/team/modelapprovals"
MERGE = {"Content-Type": "application/merge-patch+json"}
Raw = dict[str, Any]


@pytest.fixture(scope="package")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    plane = ControlPlane(tmp_path_factory.mktemp("plane"), users=(ALICE, BOB))
    try:
        plane.start()
        crd = str(ROOT / "k8s/base/crd.yaml")
        rights = str(ROOT / "k8s/base/user_roles.yaml")
        for arguments in (
            ("apply", "--server-side", "-f", crd, "-f", rights),
            ("create", "namespace", "team"),
            ("create", "clusterrolebinding", "a", "--clusterrole=modelyard-approve", f"--user={ALICE}"),
            ("create", "clusterrolebinding", "b", "--clusterrole=modelyard-view", f"--user={BOB}"),
        ):
            done = plane.kubectl(*arguments)
            assert done.returncode == 0, done.stderr
        with plane.client() as admin:
            # Not `kubectl wait`: it fails on a CRD that has no conditions yet.
            for path in (APPROVALS, PATH.rpartition("/")[0]):
                wait_until(lambda path=path: admin.get(path).status_code == 200, path)
        applied = plane.kubectl("apply", "-f", "-", stdin=[*policies.approver()])
        assert applied.returncode == 0, applied.stderr
        yield plane
    finally:
        plane.stop()


@pytest.fixture
def api(plane: ControlPlane) -> Iterator[httpx.Client]:
    with plane.client() as client:
        yield client


@pytest.fixture
def resource(api: httpx.Client) -> Iterator[Callable[[Raw], Raw]]:
    """Makes the ModelDeployment with a status."""

    def make(status: Raw) -> Raw:
        made = api.post(PATH.rpartition("/")[0], json=deployment())
        assert made.status_code == 201, made.text
        write_status(api, status)
        found: Raw = api.get(PATH).json()
        return found

    yield make
    api.delete(PATH)
    api.delete(APPROVALS)


def write_status(api: httpx.Client, status: Raw) -> None:
    written = api.patch(f"{PATH}/status", json={"status": status}, headers=MERGE)
    assert written.status_code == 200, written.text


@pytest.fixture
def run(call: Call, plane: ControlPlane) -> Callable[..., Any]:
    """Runs `modelyard ARGUMENTS -n team` as a user."""

    def as_user(*arguments: str, user: str = "admin") -> Any:
        return call(*arguments, "-n", "team", KUBECONFIG=str(plane.kubeconfig(user)))

    return as_user


class Hand:
    """Hears one command and answers it in the status, as the operator does."""

    def __init__(self, api: httpx.Client, answer: Callable[[str], Raw], also: Callable[[], None]) -> None:
        self.heard = ""
        self._api, self._answer, self._also = api, answer, also
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(20)

    def _listen(self) -> None:
        def command() -> str:
            return str(
                self._api.get(PATH).json()["metadata"].get("annotations", {}).get("modelyard.dev/command")
            )

        wait_until(lambda: command() != "None", "a command", 20)
        self.heard = command()
        self._also()
        nonce = self.heard.partition("#")[2]
        write_status(self._api, {"rollout": {"lastCommand": nonce, **self._answer(nonce)}})


@pytest.fixture
def operator(plane: ControlPlane) -> Iterator[Callable[..., Hand]]:
    with plane.client() as client:

        def hand(also: Callable[[], None] = lambda: None, **rollout: Any) -> Hand:
            return Hand(client, lambda _: rollout, also)

        yield hand


def history(what: str, why: str) -> list[Raw]:
    entry = {"at": "2026-11-21T12:10:00Z", "revision": "rnew", "what": what, "why": why, "numbers": {}}
    return [*waiting()["rollout"]["history"], entry]
