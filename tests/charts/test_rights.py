"""What the rendered roles allow."""

import shlex
import subprocess
from typing import Any

import pytest

from docsite.page import fences
from tests.charts.rendering import ROOT, Objects, objects, render
from tests.tools import helm

SUBJECT = {"kind": "ServiceAccount", "name": "modelyard-operator", "namespace": "modelyard-system"}


def roles(chart: Objects) -> list[dict[str, Any]]:
    return [each for (kind, *_), each in chart.items() if kind in {"Role", "ClusterRole"}]


@pytest.fixture(scope="module", params=[[], ["team-a", "team-b"]], ids=["cluster", "namespaces"])
def chart(request: pytest.FixtureRequest) -> Objects:
    return render(watchNamespaces=request.param)


def test_no_wildcard(chart: Objects) -> None:
    assert len(roles(chart)) >= 6
    for role in roles(chart):
        for rule in role["rules"]:
            assert not {"*"} & {*rule["apiGroups"], *rule["resources"], *rule["verbs"]}, role["metadata"]


def test_secrets_are_not_listed(chart: Objects) -> None:
    found = [rule for role in roles(chart) for rule in role["rules"] if "secrets" in rule["resources"]]
    assert found
    for rule in found:
        assert rule["resources"] == ["secrets"]
    assert {tuple(sorted(rule["verbs"])) for rule in found} == {("create", "get", "patch"), ("create",)}


def test_nothing_raises_ones_own_rights(chart: Objects) -> None:
    for role in roles(chart):
        for rule in role["rules"]:
            assert not {"bind", "escalate", "impersonate"} & set(rule["verbs"])
            assert not {"pods/exec", "pods/attach", "serviceaccounts/token", "nodes/proxy"} & set(
                rule["resources"]
            )
            assert not {"rbac.authorization.k8s.io", "apiextensions.k8s.io"} & set(rule["apiGroups"])


def test_every_binding_is_to_a_role_of_the_chart_and_to_the_operator_alone(chart: Objects) -> None:
    bindings = [
        (key, each) for key, each in chart.items() if key[0].endswith("Binding") and "roleRef" in each
    ]
    for (_, namespace, _), each in bindings:
        kind, name = each["roleRef"]["kind"], each["roleRef"]["name"]
        assert (kind, namespace if kind == "Role" else "", name) in chart
        assert each["subjects"] == [SUBJECT]


def test_by_namespace_what_is_left_of_the_cluster_is_two_policies_by_name() -> None:
    chart = render(watchNamespaces=["team-a", "team-b"])
    bound = [each["roleRef"]["name"] for (kind, *_), each in chart.items() if kind == "ClusterRoleBinding"]
    assert bound == ["modelyard-operator-admission"]
    [rule] = chart["ClusterRole", "", "modelyard-operator-admission"]["rules"]
    assert (rule["verbs"], len(rule["resourceNames"])) == (["get"], 2)
    everywhere = render()["ClusterRole", "", "modelyard-operator"]["rules"]
    for namespace in ("team-a", "team-b"):
        role = chart["Role", namespace, "modelyard-operator-modelyard-system"]
        assert role["rules"] == everywhere


def test_without_rights_of_the_cluster_nothing_of_it_is_made() -> None:
    off = {"crds": {"install": False}, "admissionPolicies": {"install": False}}
    rbac = {"userRoles": False, "readAdmissionPolicies": False}
    chart = render(watchNamespaces=["team"], namespace="team", rbac=rbac, **off)
    assert {namespace for _, namespace, _ in chart} == {"team"}
    assert ("Deployment", "team", "modelyard-operator") in chart
    assert len({key for key in chart if key[0] == "Role"}) == 2


def test_no_rights_and_no_account_where_somebody_else_gives_them() -> None:
    account = {"create": False, "name": "theirs"}
    chart = render(rbac={"create": False, "userRoles": False}, serviceAccount=account)
    assert not roles(chart)
    assert not [key for key in chart if key[0] == "ServiceAccount"]
    pod = chart["Deployment", "modelyard-system", "modelyard-operator"]["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == "theirs"
    policy = chart["ValidatingAdmissionPolicy", "", "modelyard-status"]["spec"]["validations"][0]
    assert "system:serviceaccount:modelyard-system:theirs" in policy["expression"]


def by_the_page(heading: str) -> list[Objects]:
    """What each `helm template` and `helm install` of a part of docs/install.md makes, in their order."""
    _, _, section = (ROOT / "docs/install.md").read_text().partition(f"\n## {heading}\n")
    made = []
    for fence in fences(section.partition("\n## ")[0], "sh"):
        for line in fence.body.replace("\\\n", " ").splitlines():
            words = shlex.split(line.partition("|")[0], comments=True)
            if words[:2] in (["helm", "template"], ["helm", "install"]):
                given = [word for word in words[2:] if word != "--create-namespace"]
                command = [helm(), "template", *given, "--no-hooks"]
                done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
                made.append(objects(done.stdout))
    return made


def test_what_a_tenant_leaves_out_is_what_the_page_gives_to_who_runs_the_cluster() -> None:
    _, given, installed = by_the_page("Some namespaces only")
    whole = render("--no-hooks", namespace="team-a", watchNamespaces=["team-a"])
    assert given | installed == whole
    assert not set(given) & set(installed)
    assert {namespace for _, namespace, _ in installed} == {"team-a"}
    [user] = given["RoleBinding", "team-a", "modelyard-operator"]["subjects"]
    account = installed["Deployment", "team-a", "modelyard-operator"]["spec"]["template"]["spec"]
    assert account["serviceAccountName"] == user["name"]
    [writes] = given["ValidatingAdmissionPolicy", "", "modelyard-status"]["spec"]["validations"]
    assert f"'system:serviceaccount:{user['namespace']}:{user['name']}'" in writes["expression"]
