"""`install`, `apply` and `doctor` against a real API server that has nothing at first."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from modelyard_cli.installing.base import CHECKOUT, Images, manifests
from modelyard_cli.installing.rollout import problem
from tests import other_kinds
from tests.cli.conftest import Call
from tests.control_plane import ControlPlane
from tests.k8s.overlays import build

ROOT = Path(__file__).parents[2]
SENTIMENT = ROOT / "examples" / "sentiment.yaml"


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    plane = ControlPlane(tmp_path_factory.mktemp("plane"), users=("nobody",))
    try:
        plane.start()
        yield plane
    finally:
        plane.stop()


def test_what_is_installed_is_what_kustomize_makes_of_the_base() -> None:
    made = {(each["kind"], each["metadata"]["name"]): each for each in manifests(Images())}
    assert made == {(each["kind"], each["metadata"]["name"]): each for each in build(CHECKOUT)}


def test_the_package_brings_the_base_along() -> None:
    text = (ROOT / "cli" / "pyproject.toml").read_text()
    assert '"../k8s/base" = "modelyard_cli/base"' in text


@pytest.mark.parametrize(
    ("images", "operator", "server"),
    [
        (Images(), "modelyard-operator:0.1.0", "modelyard-server:0.1.0"),
        (
            Images("r.example/a/"),
            "r.example/a/modelyard-operator:0.1.0",
            "r.example/a/modelyard-server:0.1.0",
        ),
        (Images("r.example", "7"), "r.example/modelyard-operator:7", "r.example/modelyard-server:7"),
        (Images(tag="7"), "modelyard-operator:7", "modelyard-server:7"),
    ],
)
def test_our_images_come_from_the_users_registry_and_no_others(
    images: Images, operator: str, server: str
) -> None:
    [deployment] = [each for each in manifests(images) if each["kind"] == "Deployment"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    environment = {each["name"]: each.get("value") for each in container["env"]}
    assert container["image"] == operator
    assert environment["MODELYARD_SERVER_IMAGE"] == server
    assert environment["MODELYARD_CACHE_IMAGE"] == "valkey/valkey:8-alpine"


@pytest.mark.parametrize(
    "registry",
    [
        "r.example",
        "r.example:5000/a/b",
        "[::1]:5000",
        "https://r.example/a",
        "a b",
        "/a",
        "a//b",
        "u@r.example",
    ],
)
def test_a_registry_is_taken_where_the_chart_takes_it(call: Call, registry: str) -> None:
    schema = json.loads((ROOT / "charts" / "modelyard" / "values.schema.json").read_text())
    pattern = schema["$defs"]["Images"]["properties"]["registry"]["pattern"]
    shown = call("install", "--print", "--registry", registry)
    assert (shown.exit_code == 0) == bool(re.search(pattern, registry)), shown.output


@pytest.mark.parametrize(
    ("option", "value", "mend"),
    [
        ("--registry", "https://r.example/a", "write HOST[:PORT][/PATH] without https://"),
        ("--registry", "/", "write HOST[:PORT][/PATH]"),
        ("--tag", "a b", "write letters, digits"),
        ("--tag", "-1", "write letters, digits"),
        ("--tag", "1:2", "write letters, digits"),
        ("--tag", "a\n", "write letters, digits"),
        ("--tag", "a" * 129, "128 at most"),
    ],
)
def test_what_makes_no_image_is_refused_before_anything_is_applied(
    call: Call, tmp_path: Path, option: str, value: str, mend: str
) -> None:
    # Before a cluster is looked for, too: there is none.
    told = call("install", f"{option}={value}", KUBECONFIG=str(tmp_path / "missing"))
    assert (told.exit_code, told.stdout) == (2, "")
    assert f"Invalid value for '{option}': {value!r}" in told.stderr
    assert mend in told.stderr


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ({}, "not looked at it"),
        ({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 1, "availableReplicas": 2}, "2 of 2"),
        ({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 1}, "1 of 2"),
        ({"observedGeneration": 2, "replicas": 3, "updatedReplicas": 2, "availableReplicas": 2}, "2 of 2"),
        ({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}, None),
    ],
)
def test_a_rollout_is_over_when_all_pods_are_new_and_ready(status: dict[str, int], says: str | None) -> None:
    words = problem({"metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": status})
    assert (words is None) if says is None else (words is not None and says in words)


def test_printing_needs_no_cluster_and_gives_what_kubectl_takes(call: Call, tmp_path: Path) -> None:
    shown = call("install", "--print", "--registry", "r.example", KUBECONFIG=str(tmp_path / "missing"))
    assert shown.exit_code == 0, shown.output
    kinds = [each["kind"] for each in yaml.safe_load_all(shown.stdout)]
    assert kinds.index("Namespace") < kinds.index("CustomResourceDefinition") < kinds.index("Deployment")


@pytest.mark.integration
def test_before_an_install_apply_says_what_to_do(call: Call, plane: ControlPlane) -> None:
    kubeconfig = str(plane.kubeconfig())
    told = call("apply", SENTIMENT, KUBECONFIG=kubeconfig)
    assert told.exit_code == 1
    assert (
        "the cluster has no ModelDeployment of modelyard.dev/v1alpha1: install what brings it" in told.stderr
    )
    told = call("apply", SENTIMENT, "--wait-crd", "--timeout", "0.5", KUBECONFIG=kubeconfig)
    assert told.exit_code == 1
    assert "not within 0.5 s: the cluster has no ModelDeployment" in told.stderr
    told = call("status", "sentiment", KUBECONFIG=kubeconfig)
    assert "the cluster does not know this kind; `modelyard doctor` says what is missing" in told.stderr
    told = call("doctor", "-o", "json", KUBECONFIG=kubeconfig)
    assert told.exit_code == 1
    found = {each["name"]: each for each in json.loads(told.stdout)["findings"]}
    assert found["Modelyard's CRDs"]["level"] == found["Modelyard's operator"]["level"] == "problem"
    assert "modelyard install" in found["Modelyard's CRDs"]["means"]


@pytest.mark.integration
def test_an_install_is_whole_though_no_node_runs_its_pods(call: Call, plane: ControlPlane) -> None:
    kubeconfig = str(plane.kubeconfig())
    # No controllers run here: what is waited for is the operator's Deployment.
    told = call("install", "--timeout", "1", KUBECONFIG=kubeconfig)
    assert told.exit_code == 1
    assert "modelyard-operator in modelyard-system is not ready within 1 s" in told.stderr
    assert "ValidatingAdmissionPolicy modelyard-status created" in told.stdout
    again = call("install", "--timeout", "1", KUBECONFIG=kubeconfig)
    lines = [line for line in again.stdout.splitlines() if line]
    assert lines
    assert all(line.endswith("unchanged") for line in lines), again.stdout


@pytest.mark.integration
def test_resources_are_applied_and_conflicts_are_named(
    call: Call, plane: ControlPlane, tmp_path: Path
) -> None:
    kubeconfig = str(plane.kubeconfig())
    call("install", "--timeout", "0", KUBECONFIG=kubeconfig)
    told = call("apply", SENTIMENT, "--wait-crd", KUBECONFIG=kubeconfig)
    assert told.exit_code == 0, told.stderr
    assert told.stdout == "ModelDeployment sentiment in default created\n"
    patch = '{"spec":{"scaling":{"maxReplicas":5}}}'
    edited = plane.kubectl("patch", "mdep", "sentiment", "--type=merge", "-p", patch)
    assert edited.returncode == 0, edited.stderr
    told = call("apply", SENTIMENT, KUBECONFIG=kubeconfig)
    assert told.exit_code == 1
    assert ".spec.scaling.maxReplicas" in told.stderr
    assert "--force-conflicts takes the fields over" in told.stderr
    told = call("apply", SENTIMENT, "--force-conflicts", KUBECONFIG=kubeconfig)
    assert told.stdout == "ModelDeployment sentiment in default configured\n"

    told = call("apply", SENTIMENT, "--wait", "--timeout", "0.5", KUBECONFIG=kubeconfig)
    assert told.exit_code == 1
    assert "is not ready within 0.5 s: the operator has not looked at it yet" in told.stderr

    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(SENTIMENT.read_text().replace("maxReplicas:", "maximum:"))
    # It will be no other in a moment, so nothing is waited for.
    told = call("apply", wrong, "--wait-crd", KUBECONFIG=kubeconfig)
    assert told.exit_code == 1
    assert "wrong.yaml, document 1): .spec.scaling.maximum: field not declared in schema" in told.stderr
    assert "`kubectl explain modeldeployment.spec.scaling` has the fields" in told.stderr
    told = call("apply", SENTIMENT, KUBECONFIG=str(plane.kubeconfig("nobody")))
    assert told.exit_code == 1
    assert "403 Forbidden" in told.stderr


@pytest.mark.integration
def test_the_doctor_sees_what_comes(call: Call, plane: ControlPlane) -> None:
    kubeconfig = str(plane.kubeconfig())
    call("install", "--timeout", "0", KUBECONFIG=kubeconfig)
    other_kinds.GATEWAY_API.install(plane)
    told = call("doctor", "-o", "json", KUBECONFIG=kubeconfig)
    found = {each["name"]: each for each in json.loads(told.stdout)["findings"]}
    assert found["Modelyard's CRDs"]["level"] == "ok"
    assert found["Modelyard's operator"]["found"] == "0.1.0, 0 of 1 pods ready in modelyard-system"
    assert found["Gateway API"]["found"].startswith("v1.")
    assert found["Istio"]["level"] == "absent"
    assert "modelyard-approver" in found["Admission policies"]["found"]
    people = call("doctor", KUBECONFIG=kubeconfig)
    assert people.exit_code == 1
    assert "pods stay at minReplicas" in " ".join(people.stdout.split())

    told = call("doctor", "-o", "json", KUBECONFIG=str(plane.kubeconfig("nobody")))
    found = {each["name"]: each for each in json.loads(told.stdout)["findings"]}
    assert found["Your rights"]["found"] == "no create in default"
    assert "ask whoever may" in found["Modelyard's operator"]["means"]


@pytest.mark.integration
def test_logs_of_what_is_not_there_are_explained(call: Call, plane: ControlPlane) -> None:
    kubeconfig = str(plane.kubeconfig())
    call("install", "--timeout", "0", KUBECONFIG=kubeconfig)
    call("apply", SENTIMENT, "--wait-crd", KUBECONFIG=kubeconfig)
    told = call("logs", "sentiment", KUBECONFIG=kubeconfig)
    assert told.exit_code == 1
    assert "sentiment has no pods: `modelyard explain sentiment` says why" in told.stderr
    told = call("logs", "nowhere", KUBECONFIG=kubeconfig)
    assert "ModelDeployment nowhere in namespace default: not found" in told.stderr
