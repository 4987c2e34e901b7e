"""The whole operator against a real API server: it converges, and at rest it writes nothing."""

import httpx
import pytest

from tests.control_plane import wait_until
from tests.integration.conftest import Start
from tests.integration.controllers import Controllers
from tests.integration.operator_process import OperatorProcess
from tests.integration.resources import apply, condition, delete, get, listed, merge, path, wait_condition

pytestmark = pytest.mark.integration


def settle(api: httpx.Client, namespace: str) -> str:
    """Apply one resource and wait until it serves; answers its stable revision."""
    apply(api, namespace)
    resource = wait_condition(api, namespace)
    wait_condition(api, namespace, kind="Reconciling", status="False")
    return str(resource["status"]["stableRevision"])


def look_again(api: httpx.Client, namespace: str, operator: OperatorProcess, note: str) -> None:
    """Make the operator look at the resource once more, and wait until it has."""
    before = operator.passes()
    merge(api, "ModelDeployment", namespace, "sentiment", {"metadata": {"annotations": {"note": note}}})
    wait_until(lambda: operator.passes() > before, "another pass", 30)
    wait_until(lambda: operator.metric("modelyard_operator_queue_depth") == 0, "an empty queue", 30)


def test_serves_and_rests(api: httpx.Client, namespace: str, operator: OperatorProcess) -> None:
    revision = settle(api, namespace)
    selector = get(api, "Service", namespace, "sentiment")["spec"]["selector"]  # type: ignore[index]
    assert selector["modelyard.dev/revision"] == revision
    keys = get(api, "Secret", namespace, "sentiment-keys")
    assert keys is not None
    assert set(keys["data"]) == {"cache-key", "cache-password", "admin-token"}
    reasons = {event["reason"] for event in listed(api, "Event", namespace)}
    assert "Resolved" in reasons
    look_again(api, namespace, operator, "settled")
    written = operator.writes()
    for note in ("one", "two", "three"):
        look_again(api, namespace, operator, note)
    assert operator.writes() == written
    assert operator.probe("healthz") == 200
    assert operator.terminate() == 0


def test_children_have_one_manager(api: httpx.Client, namespace: str, operator: OperatorProcess) -> None:
    """All that the operator applies is owned by one Apply manager, so what it leaves out later goes."""
    revision = settle(api, namespace)
    deployment = get(api, "Deployment", namespace, f"sentiment-{revision}")
    assert deployment is not None
    ours = {
        (entry["operation"], entry.get("subresource"))
        for entry in deployment["metadata"]["managedFields"]
        if entry["manager"] == "modelyard"
    }
    assert ours <= {("Apply", None), ("Update", "scale")}
    assert ("Apply", None) in ours


def test_foreign_edits_are_put_back(api: httpx.Client, namespace: str, operator: OperatorProcess) -> None:
    revision = settle(api, namespace)
    child = f"sentiment-{revision}"
    image = get(api, "Deployment", namespace, child)["spec"]["template"]["spec"]["containers"][0]["image"]  # type: ignore[index]
    edits = {
        ("Service", "sentiment"): {"spec": {"selector": {"modelyard.dev/revision": "elsewhere"}}},
        ("HorizontalPodAutoscaler", child): {"spec": {"maxReplicas": 99}},
    }
    for (kind, name), patch in edits.items():
        merge(api, kind, namespace, name, patch)
    api.patch(
        path("Deployment", namespace, child),
        json=[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "evil:1"}],
        headers={"Content-Type": "application/json-patch+json"},
    ).raise_for_status()
    delete(api, "PodDisruptionBudget", namespace, child)

    def restored() -> bool:
        service, hpa, deployment = (
            get(api, kind, namespace, name) or {} for kind, name in (*edits, ("Deployment", child))
        )
        return (
            service["spec"]["selector"]["modelyard.dev/revision"] == revision
            and hpa["spec"]["maxReplicas"] == 3
            and deployment["spec"]["template"]["spec"]["containers"][0]["image"] == image
            and get(api, "PodDisruptionBudget", namespace, child) is not None
        )

    wait_until(restored, "foreign edits are put back", 30)


def test_a_strangers_object_is_left_alone(
    api: httpx.Client, namespace: str, operator: OperatorProcess
) -> None:
    stranger = {"metadata": {"name": "sentiment"}, "spec": {"selector": {"a": "b"}, "ports": [{"port": 1}]}}
    api.post(path("Service", namespace), json=stranger).raise_for_status()
    before = get(api, "Service", namespace, "sentiment")
    apply(api, namespace)
    resource = wait_condition(api, namespace, kind="Stalled")
    said = condition(resource, "Stalled")
    assert said["reason"] == "NameTaken"
    assert f"Service {namespace}/sentiment" in said["message"]
    assert get(api, "Service", namespace, "sentiment") == before
    delete(api, "Service", namespace, "sentiment")
    wait_condition(api, namespace)
    wait_condition(api, namespace, kind="Stalled", status="False")


def test_a_new_revision_takes_over(
    api: httpx.Client, namespace: str, operator: OperatorProcess, controllers: Controllers
) -> None:
    first = settle(api, namespace)
    controllers.pods_get_ready = True
    apply(api, namespace, spec={"server": {"threads": 2}})
    resource = wait_condition(api, namespace, kind="Reconciling", status="False")
    second = resource["status"]["stableRevision"]
    assert second != first
    selector = get(api, "Service", namespace, "sentiment")["spec"]["selector"]  # type: ignore[index]
    assert selector["modelyard.dev/revision"] == second


def test_an_external_caches_url_follows_its_secret(
    api: httpx.Client, namespace: str, operator: OperatorProcess
) -> None:
    apply(api, namespace, spec={"cache": {"external": {"secretRef": {"name": "own-redis"}}}})

    def refused() -> bool:
        said = get(api, "ModelDeployment", namespace, "sentiment")
        return "own-redis" in str((said or {}).get("status", {}).get("conditions"))

    wait_until(refused, "the missing Secret is named", 30)
    secret = {"metadata": {"name": "own-redis"}, "stringData": {"url": "redis://10.0.0.1"}}
    api.post(path("Secret", namespace), json=secret).raise_for_status()
    wait_until(lambda: get(api, "Secret", namespace, "sentiment-external-cache") is not None, "the copy", 60)


def test_serves_all_namespaces(
    api: httpx.Client, namespace: str, start_operator: Start, controllers: Controllers
) -> None:
    operator = start_operator(MODELYARD_WATCH_NAMESPACE="")
    apply(api, namespace)
    wait_condition(api, namespace)
    assert get(api, "Lease", "modelyard-system", "modelyard-operator") is not None
    assert operator.probe("healthz") == 200
