"""What the operator must come through without a restart, against a real API server."""

import signal
from pathlib import Path

import httpx
import pytest

from tests.control_plane import ControlPlane, wait_until
from tests.integration.conftest import BASE, RESTRICTED, Start
from tests.integration.controllers import Controllers
from tests.integration.operator_process import OperatorProcess
from tests.integration.resources import (
    apply,
    condition,
    delete,
    get,
    listed,
    merge,
    path,
    wait_condition,
)

pytestmark = pytest.mark.integration

LEASE_NAMESPACE = "modelyard-system"


def lease_of(namespace: str) -> str:
    return f"modelyard-operator-{namespace}"


def test_deletions_during_a_gap_with_compaction(
    api: httpx.Client,
    api_server: ControlPlane,
    namespace: str,
    start_operator: Start,
    controllers: Controllers,
) -> None:
    """A child and a resource go while the operator hears nothing, and its watches cannot resume (410)."""
    operator = start_operator(MODELYARD_LEADER_ELECTION="false")
    apply(api, namespace, "kept")
    apply(api, namespace, "removed")
    kept = wait_condition(api, namespace, "kept")
    wait_condition(api, namespace, "removed")
    child = f"kept-{kept['status']['stableRevision']}"
    wait_until(
        lambda: get(api, "HorizontalPodAutoscaler", namespace, child) is not None, "the autoscaler", 30
    )

    def resources() -> float:
        return operator.metric("modelyard_operator_cached_objects", kind="ModelDeployment")

    assert resources() == 2
    operator.signal(signal.SIGSTOP)
    delete(api, "HorizontalPodAutoscaler", namespace, child)
    delete(api, "ModelDeployment", namespace, "removed")
    merge(api, "ConfigMap", namespace, "kept-runtime", {"data": {"runtime.json": "{}"}})
    api_server.compact()
    api_server.stop_api()
    api_server.start_api()
    operator.signal(signal.SIGCONT)
    wait_until(lambda: get(api, "HorizontalPodAutoscaler", namespace, child) is not None, "made again", 60)
    wait_until(lambda: resources() == 1, "the lost deletion of a resource surfaces", 60)
    config = get(api, "ConfigMap", namespace, "kept-runtime")
    assert config is not None
    assert config["data"]["runtime.json"] != "{}"
    assert operator.alive()
    assert operator.probe("healthz") == 200


def test_a_kind_that_may_not_be_read(
    api: httpx.Client,
    api_server: ControlPlane,
    namespace: str,
    start_operator: Start,
    controllers: Controllers,
) -> None:
    """One permission is missing: the rest goes on, the status says it, and granting it is enough."""
    rules = [
        {"apiGroups": ["modelyard.dev"], "resources": ["modeldeployments/status"], "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "create", "patch"]},
        {"apiGroups": ["apps"], "resources": ["*"], "verbs": ["*"]},
        {
            "apiGroups": ["modelyard.dev", "", "batch", "autoscaling", "networking.k8s.io"],
            "resources": ["*"],
            "verbs": ["*"],
        },
    ]
    roles = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    subject = {"kind": "User", "name": RESTRICTED, "apiGroup": "rbac.authorization.k8s.io"}

    def grant(name: str, rules: list[dict[str, list[str]]]) -> None:
        role = {"metadata": {"name": name}, "rules": rules}
        api.post(f"{roles}/roles", json=role).raise_for_status()
        reference = {"kind": "Role", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
        binding = {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}
        api.post(f"{roles}/rolebindings", json=binding).raise_for_status()

    grant("most", rules)
    operator = start_operator(RESTRICTED, MODELYARD_LEADER_ELECTION="false")
    operator.wait_ready()
    apply(api, namespace)
    resource = wait_condition(api, namespace)
    assert operator.metric("modelyard_operator_kind_available", kind="PodDisruptionBudget") == 0
    assert operator.metric("modelyard_operator_kind_available", kind="Service") == 1
    assert "PodDisruptionBudget" in str(resource["status"]["conditions"])
    assert listed(api, "PodDisruptionBudget", namespace) == []
    grant("rest", [{"apiGroups": ["policy"], "resources": ["*"], "verbs": ["*"]}])
    wait_until(lambda: len(listed(api, "PodDisruptionBudget", namespace)) == 1, "the budget is made", 60)
    wait_until(
        lambda: (
            "PodDisruptionBudget"
            not in str((get(api, "ModelDeployment", namespace, "sentiment") or {})["status"]["conditions"])
        ),
        "the status no longer says so",
        30,
    )
    assert operator.alive()


def test_a_crd_that_goes_and_comes_back(
    api: httpx.Client, api_server: ControlPlane, namespace: str, operator: OperatorProcess
) -> None:
    apply(api, namespace)
    wait_condition(api, namespace)
    crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/modeldeployments.modelyard.dev"
    api.delete(crd).raise_for_status()
    wait_until(lambda: api.get(crd).status_code == 404, "the CRD is gone", 60)
    available = {"kind": "ModelDeployment"}
    wait_until(
        lambda: operator.metric("modelyard_operator_kind_available", **available) == 0,
        "the operator sees that its kind is gone",
        120,
    )
    assert operator.metric("modelyard_operator_cached_objects", **available) == 0
    assert operator.probe("healthz") == 200
    done = api_server.kubectl("apply", "--server-side", "-f", str(BASE / "crd.yaml"))
    assert done.returncode == 0, done.stderr
    wait_until(lambda: api.get(path("ModelDeployment", namespace)).status_code == 200, "it is served", 60)
    wait_until(
        lambda: operator.metric("modelyard_operator_kind_available", **available) == 1,
        "the operator sees that its kind is back",
        60,
    )
    # A name of its own: nobody collects the garbage of the former one here.
    apply(api, namespace, "afterwards")
    wait_condition(api, namespace, "afterwards")
    assert operator.alive()


def test_an_operator_that_starts_before_its_crd(
    api: httpx.Client,
    api_server: ControlPlane,
    namespace: str,
    start_operator: Start,
    controllers: Controllers,
) -> None:
    crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/modeldeployments.modelyard.dev"
    api.delete(crd).raise_for_status()
    wait_until(lambda: api.get(crd).status_code == 404, "the CRD is gone", 60)
    operator = start_operator()
    operator.wait_ready()
    assert api_server.kubectl("apply", "--server-side", "-f", str(BASE / "crd.yaml")).returncode == 0
    wait_until(lambda: api.get(path("ModelDeployment", namespace)).status_code == 200, "it is served", 60)
    apply(api, namespace)
    wait_condition(api, namespace)


def test_the_leader_is_killed(
    api: httpx.Client, namespace: str, start_operator: Start, controllers: Controllers
) -> None:
    leader = start_operator()
    leader.wait_leading()
    standby = start_operator()
    standby.wait_ready()
    assert standby.metric("modelyard_operator_leader") == 0
    apply(api, namespace)
    wait_condition(api, namespace)
    assert standby.writes() == 0
    leader.kill()
    apply(api, namespace, spec={"scaling": {"maxReplicas": 5}})
    wait_condition(api, namespace)
    assert standby.metric("modelyard_operator_leader") == 1
    assert standby.writes() > 0


def test_a_leader_that_ends_frees_the_lease(api: httpx.Client, namespace: str, start_operator: Start) -> None:
    leader = start_operator()
    leader.wait_leading()
    assert leader.terminate() == 0
    lease = get(api, "Lease", LEASE_NAMESPACE, lease_of(namespace))
    assert lease is not None
    assert not lease["spec"].get("holderIdentity")


def test_a_lost_lease_ends_the_process(api: httpx.Client, namespace: str, start_operator: Start) -> None:
    leader = start_operator()
    leader.wait_leading()
    other = {"spec": {"holderIdentity": "somebody-else", "leaseDurationSeconds": 3600}}
    merge(api, "Lease", LEASE_NAMESPACE, lease_of(namespace), other)
    assert leader.process.wait(30) not in (0, None)
    assert b"the lease was lost" in Path(leader.log).read_bytes()


def test_an_operator_that_is_killed_midway(
    api: httpx.Client, namespace: str, start_operator: Start, controllers: Controllers
) -> None:
    """Killed while a candidate starts: the next one goes on from the status."""
    first = start_operator(MODELYARD_LEADER_ELECTION="false")
    apply(api, namespace)
    stable = wait_condition(api, namespace)["status"]["stableRevision"]
    controllers.pods_get_ready = False
    apply(api, namespace, spec={"server": {"threads": 2}})
    wait_until(
        lambda: bool(
            (get(api, "ModelDeployment", namespace, "sentiment") or {})["status"].get("candidateRevision")
        ),
        "a candidate",
        30,
    )
    first.kill()
    controllers.pods_get_ready = True
    start_operator(MODELYARD_LEADER_ELECTION="false")
    resource = wait_condition(api, namespace, kind="Reconciling", status="False")
    assert resource["status"]["stableRevision"] != stable
    assert condition(resource, "Ready")["status"] == "True"
