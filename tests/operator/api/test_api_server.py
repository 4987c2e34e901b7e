"""The CRD on a real API server: what it takes, keeps and shows."""

import json
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import HealthCheck, given, settings

from modelyard_operator.api.crd import crd
from modelyard_operator.api.deployment import ModelDeploymentSpec
from tests.control_plane import ControlPlane, wait_until
from tests.operator.api.manifests import COLLECTION, Manifest, deployment, dry_run, spec
from tests.operator.api.strategies import SPECS

pytestmark = pytest.mark.integration


@given(SPECS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_what_it_takes_is_read_and_read_again(api: httpx.Client, wanted: Manifest) -> None:
    answer = dry_run(api, deployment(wanted))
    assert answer.status_code == 201, answer.json()["message"]
    stored = answer.json()["spec"]
    read = ModelDeploymentSpec.model_validate(stored)
    assert ModelDeploymentSpec.model_validate(read.to_dict()) == read
    # What the API server fills in changes nothing: not what is read, not what a revision's name is made of.
    assert read == ModelDeploymentSpec.model_validate(wanted)
    assert read.server.set_fields() == ModelDeploymentSpec.model_validate(wanted).server.set_fields()
    assert dry_run(api, deployment(read.to_dict())).status_code == 201


def test_nobody_has_looked_at_a_new_one(api: httpx.Client) -> None:
    created = dry_run(api, deployment(spec())).json()
    assert created["status"] == {"observedGeneration": -1}


@pytest.fixture
def stored(api: httpx.Client) -> Iterator[str]:
    """The path of a ModelDeployment with a status."""
    path = f"{COLLECTION}/shown"
    created = api.post(COLLECTION, json=deployment(spec(), "shown"))
    assert created.status_code == 201
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "Serving",
        "message": "",
        "lastTransitionTime": "2026-11-21T09:00:00Z",
    }
    status = {
        "observedGeneration": 1,
        "url": "http://shown.default.svc",
        "stableRevision": "rabcdefghi",
        "replicas": 2,
        "conditions": [ready],
    }
    written = api.put(f"{path}/status", json=created.json() | {"status": status})
    assert written.json()["status"] == status
    yield path
    api.delete(path)


def test_the_table_shows_what_people_look_for(control_plane: ControlPlane, stored: str) -> None:
    def table(*args: str) -> list[list[str]]:
        shown = control_plane.kubectl("get", "mdep", *args)
        return [line.split() for line in shown.stdout.splitlines()]

    header, row = table()
    assert header == ["NAME", "URL", "READY", "REVISION", "WEIGHT", "REPLICAS", "AGE"]
    assert row[:5] == ["shown", "http://shown.default.svc", "True", "rabcdefghi", "2"]
    assert table("-o", "wide")[0] == [*header, "REASON", "DIGEST"]
    assert control_plane.kubectl("get", "all").stdout.count("modeldeployment.modelyard.dev/shown") == 1


def test_the_status_is_apart_from_the_spec(api: httpx.Client, stored: str) -> None:
    current = api.get(stored).json()
    tried = current | {
        "status": {"observedGeneration": 7},
        "spec": current["spec"] | {"scaling": {"maxReplicas": 9}},
    }
    after = api.put(stored, json=tried).json()
    assert after["status"] == current["status"]
    assert after["metadata"]["generation"] == current["metadata"]["generation"] + 1


def test_every_field_is_explained(control_plane: ControlPlane, api: httpx.Client) -> None:
    def explained() -> str:
        return control_plane.kubectl("explain", "mdep.spec.scaling").stdout

    wait_until(lambda: "maxReplicas" in explained(), "the OpenAPI document", 60)
    assert "Never more pods than this." in explained()


def test_it_may_be_applied_by_either_way_of_kubectl(control_plane: ControlPlane, api: httpx.Client) -> None:
    for args in ((), ("--server-side", "--force-conflicts")):
        applied = control_plane.kubectl("apply", *args, "-f", "-", stdin=json.dumps(crd()))
        assert applied.returncode == 0, applied.stderr
