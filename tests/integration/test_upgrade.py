"""An operator upgrade never renders an existing revision again."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.control_plane import wait_until
from tests.integration import resources
from tests.integration.conftest import Start
from tests.integration.controllers import Controllers

pytestmark = pytest.mark.integration

UPGRADED = str(Path(__file__).parent / "upgraded")
KINDS = ("Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "ControllerRevision")


def versions(api: httpx.Client, namespace: str) -> dict[tuple[str, str], Any]:
    """What of each child changes when somebody writes to its spec."""
    return {
        (kind, child["metadata"]["name"]): child["metadata"].get("generation", child.get("spec"))
        for kind in KINDS
        for child in resources.listed(api, kind, namespace)
    }


def stable(api: httpx.Client, namespace: str) -> str | None:
    resource = resources.get(api, "ModelDeployment", namespace, "sentiment") or {}
    status = resource.get("status", {})
    if status.get("observedGeneration") != resource["metadata"]["generation"]:
        return None
    conditions = [resources.condition(resource, kind)["status"] for kind in ("Ready", "Reconciling")]
    if conditions != ["True", "False"]:
        return None
    found: str | None = status.get("stableRevision")
    return found


def test_an_upgrade_leaves_existing_revisions_as_they_are(
    api: httpx.Client, namespace: str, controllers: Controllers, start_operator: Start
) -> None:
    resources.apply(api, namespace)
    before = start_operator()
    wait_until(lambda: stable(api, namespace) is not None, "the first revision serves", 90)
    first = stable(api, namespace)
    settled = versions(api, namespace)
    assert before.terminate() == 0

    after = start_operator(PYTHONPATH=UPGRADED, MODELYARD_SERVER_IMAGE="modelyard-server:later")
    after.wait_leading()
    wait_until(lambda: after.passes() >= 1, "the upgraded operator has looked", 60)
    # A change that makes no revision is carried out, so everything has been compared.
    resources.apply(api, namespace, spec={"scaling": {"minReplicas": 1, "maxReplicas": 5}})
    name = f"sentiment-{first}"

    def widened() -> bool:
        autoscaler = resources.get(api, "HorizontalPodAutoscaler", namespace, name)
        return autoscaler is not None and autoscaler["spec"]["maxReplicas"] == 5

    wait_until(widened, "the autoscaler is wider", 60)
    wait_until(lambda: stable(api, namespace) is not None, "the change is carried out", 60)
    assert stable(api, namespace) == first
    autoscaler = ("HorizontalPodAutoscaler", name)
    assert {key: value for key, value in versions(api, namespace).items() if key != autoscaler} == {
        key: value for key, value in settled.items() if key != autoscaler
    }

    resources.apply(api, namespace, spec={"server": {"threads": 2}})
    wait_until(lambda: stable(api, namespace) not in (None, first), "the next revision serves", 90)
    pods = {
        deployment["metadata"]["name"]: deployment["spec"]["template"]["spec"]
        for deployment in resources.listed(api, "Deployment", namespace)
    }
    old, new = pods[name], pods[f"sentiment-{stable(api, namespace)}"]
    assert old["containers"][0]["image"] == "modelyard-server:test"
    assert "hostname" not in old
    assert new["containers"][0]["image"] == "modelyard-server:later"
    assert (new["hostname"], new["terminationGracePeriodSeconds"]) == ("later", 77)
