"""A rollout in steps with the real operator and a real API server, in mode `replicas`."""

import httpx
import pytest

from tests.control_plane import wait_until
from tests.integration.conftest import Start
from tests.integration.controllers import Controllers
from tests.integration.resources import Raw, apply, condition, get, lose_status, merge, wait_condition

pytestmark = pytest.mark.integration

REVISION = "modelyard.dev/revision"


def spec(threads: int, *steps: Raw, size: int = 3) -> Raw:
    return {
        "server": {"threads": threads},
        "scaling": {"minReplicas": size, "maxReplicas": 2 * size},
        "rollout": {"steps": list(steps), "deadline": "2m"},
    }


def status(api: httpx.Client, namespace: str) -> Raw:
    found: Raw = (get(api, "ModelDeployment", namespace, "sentiment") or {}).get("status", {})
    return found


def selector(api: httpx.Client, namespace: str) -> Raw:
    found: Raw = get(api, "Service", namespace, "sentiment")["spec"]["selector"]  # type: ignore[index]
    return found


def size(api: httpx.Client, namespace: str, revision: str) -> int:
    found = get(api, "Deployment", namespace, f"sentiment-{revision}")
    return 0 if found is None else int(found["spec"]["replicas"])


def settled(api: httpx.Client, namespace: str, *steps: Raw) -> str:
    apply(api, namespace, spec=spec(1, *steps))
    wait_condition(api, namespace)
    resource = wait_condition(api, namespace, kind="Reconciling", status="False")
    return str(resource["status"]["stableRevision"])


def command(api: httpx.Client, namespace: str, text: str) -> None:
    patch = {"metadata": {"annotations": {"modelyard.dev/command": text}}}
    merge(api, "ModelDeployment", namespace, "sentiment", patch)


def test_a_canary_comes_through_an_operator_that_is_killed_in_every_step(
    api: httpx.Client, namespace: str, start_operator: Start, controllers: Controllers
) -> None:
    steps = ({"weight": 25, "for": "2s"}, {"weight": 50, "for": "2s"})
    operator = start_operator()
    old = settled(api, namespace, *steps)
    apply(api, namespace, spec=spec(2, *steps))
    for weight, pods in ((25, 1), (50, 3)):
        wait_until(
            lambda weight=weight: status(api, namespace)["rollout"].get("weight") == weight, "its weight", 60
        )
        operator.kill()
        candidate = status(api, namespace)["candidateRevision"]
        operator = start_operator()
        wait_until(lambda: REVISION not in selector(api, namespace), "both are selected", 60)
        assert size(api, namespace, candidate) >= pods
        assert size(api, namespace, old) == 3
    wait_until(lambda: status(api, namespace).get("stableRevision") == candidate, "the promotion", 60)
    wait_condition(api, namespace, kind="Reconciling", status="False")
    assert selector(api, namespace)[REVISION] == candidate
    told = [entry["what"] for entry in status(api, namespace)["rollout"]["history"]]
    assert told[-5:] == ["TrafficShifted", "StepPassed", "TrafficShifted", "StepPassed", "Promoted"]
    assert size(api, namespace, old) == 3, "warm"
    command(api, namespace, f"rollback@{old}#1")
    wait_until(lambda: selector(api, namespace).get(REVISION) == old, "the roll-back", 30)
    resource = wait_condition(api, namespace, kind="Stalled")
    assert condition(resource, "Stalled")["reason"] == "RolledBack"
    assert condition(resource, "Ready")["status"] == "True"


def test_a_lost_status_takes_traffic_back_to_the_stable_one_of_two(
    api: httpx.Client, namespace: str, start_operator: Start, controllers: Controllers
) -> None:
    steps = ({"weight": 50, "for": "1h"},)
    operator = start_operator()
    old = settled(api, namespace, *steps)
    apply(api, namespace, spec=spec(2, *steps))
    wait_until(lambda: status(api, namespace)["rollout"].get("phase") == "Observing", "the step", 60)
    operator.kill()
    lose_status(api, namespace)
    start_operator()
    wait_until(lambda: status(api, namespace).get("stableRevision") == old, "what serves is stable", 60)
    wait_until(lambda: status(api, namespace)["rollout"].get("phase") == "Observing", "the step again", 60)
    assert status(api, namespace)["stableRevision"] == old


def test_a_lost_status_does_not_try_again_what_was_aborted(
    api: httpx.Client, namespace: str, start_operator: Start, controllers: Controllers
) -> None:
    steps = ({"weight": 50, "for": "1h"},)
    operator = start_operator()
    old = settled(api, namespace, *steps)
    apply(api, namespace, spec=spec(2, *steps))
    wait_until(lambda: status(api, namespace)["rollout"].get("phase") == "Observing", "the step", 60)
    candidate = status(api, namespace)["candidateRevision"]
    command(api, namespace, f"abort@{candidate}#1")
    wait_until(lambda: size(api, namespace, candidate) == 0, "it is put away", 60)
    (rejected,) = status(api, namespace)["rollout"]["rejected"]
    operator.kill()
    lose_status(api, namespace)
    start_operator()
    resource = wait_condition(api, namespace, kind="Stalled")
    assert resource["status"]["rollout"]["rejected"] == [rejected]
    assert resource["status"]["stableRevision"] == old
    assert "candidateRevision" not in resource["status"]
    command(api, namespace, f"retry@{candidate}#2")
    wait_until(lambda: status(api, namespace).get("candidateRevision") == candidate, "it is tried again", 60)


def test_a_weight_that_pods_cannot_make_is_refused_and_mended(
    api: httpx.Client, namespace: str, start_operator: Start, controllers: Controllers
) -> None:
    start_operator()
    old = settled(api, namespace, {"weight": 5})
    apply(api, namespace, spec=spec(2, {"weight": 5}))
    resource = wait_condition(api, namespace, kind="Stalled")
    assert condition(resource, "Stalled")["reason"] == "WeightRefused"
    assert "Write weight 25" in condition(resource, "Stalled")["message"]
    assert selector(api, namespace)[REVISION] == old
    apply(api, namespace, spec=spec(2, {"weight": 25}))
    wait_until(lambda: status(api, namespace).get("stableRevision") != old, "the promotion", 60)
