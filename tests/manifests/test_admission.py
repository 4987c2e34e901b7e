"""The admission policies as they are installed."""

import subprocess
from pathlib import Path

import yaml

from modelyard_operator import rbac
from tests.manifests.test_base import build, operator_pod
from tests.tools import kubectl

ROOT = Path(__file__).parents[2]
POLICY = "ValidatingAdmissionPolicy"


def test_those_of_the_base_are_in_force_and_the_optional_one_is_not_installed() -> None:
    base = build(ROOT / "k8s" / "base")
    policies = {name for kind, name in base if kind == POLICY}
    assert policies == {"modelyard-approver", "modelyard-status"}
    for name in policies:
        assert base[f"{POLICY}Binding", name]["spec"] == {"policyName": name, "validationActions": ["Deny"]}


def test_the_status_belongs_to_the_operators_account() -> None:
    base = build(ROOT / "k8s" / "base")
    [validation] = base[POLICY, "modelyard-status"]["spec"]["validations"]
    account = operator_pod(base)["serviceAccountName"]
    namespace = base["Deployment", "modelyard-operator"]["metadata"]["namespace"]
    assert f"system:serviceaccount:{namespace}:{account}" == rbac.USER
    assert validation["expression"] == f"request.userInfo.username == '{rbac.USER}'"


def test_the_operator_may_read_the_policies_wherever_it_watches() -> None:
    base = build(ROOT / "k8s" / "base")
    binding = base["ClusterRoleBinding", "modelyard-operator-admission"]
    assert (binding["roleRef"]["kind"], binding["roleRef"]["name"]) in base
    assert binding["subjects"] == base["ClusterRoleBinding", "modelyard-operator"]["subjects"]


def test_the_optional_policy_is_a_component(tmp_path: Path) -> None:
    overlay = ROOT / "build" / f"test-{tmp_path.parent.name}-{tmp_path.name}"
    overlay.mkdir(parents=True)
    kustomization = {"resources": ["../../k8s/base"], "components": ["../../k8s/components/changed-by"]}
    file = overlay / "kustomization.yaml"
    try:
        file.write_text(yaml.safe_dump(kustomization))
        built = subprocess.run(
            [kubectl(), "kustomize", str(overlay)], capture_output=True, text=True, check=True
        )
        names = {(each["kind"], each["metadata"]["name"]) for each in yaml.safe_load_all(built.stdout)}
    finally:
        file.unlink()
        overlay.rmdir()
    assert {(POLICY, "modelyard-changed-by"), (f"{POLICY}Binding", "modelyard-changed-by")} <= names


def test_the_right_to_approve_is_in_no_role_of_the_clusters() -> None:
    base = build(ROOT / "k8s" / "base")
    creators = [
        role["metadata"]
        for (kind, _), role in base.items()
        if kind == "ClusterRole"
        for rule in role["rules"]
        if "modelapprovals" in rule["resources"] and "create" in rule["verbs"]
    ]
    assert [role["name"] for role in creators] == ["modelyard-approve"]
    assert not [label for label in creators[0]["labels"] if "aggregate" in label]
