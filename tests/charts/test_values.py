"""What values do, and how wrong ones are refused."""

from typing import Any

import pytest

from tests.charts.rendering import Objects, Refused, render, text

DIGEST = f"sha256:{'a' * 64}"


def deployment(chart: Objects) -> dict[str, Any]:
    [found] = [each for (kind, *_), each in chart.items() if kind == "Deployment"]
    return found


def pod(**values: Any) -> dict[str, Any]:
    spec: dict[str, Any] = deployment(render(**values))["spec"]["template"]["spec"]
    return spec


def environment(**values: Any) -> dict[str, str]:
    return {each["name"]: each.get("value", "") for each in pod(**values)["containers"][0]["env"]}


@pytest.mark.parametrize(
    ("values", "key", "why"),
    [
        ({"replicas": "two"}, "/replicas", "got string, want integer"),
        ({"replicas": 99}, "/replicas", "maximum"),
        ({"replcas": 2}, "'replcas'", "not allowed"),
        ({"images": {"operator": {"tga": "1"}}}, "'tga'", "/images/operator"),
        ({"images": {"operator": {"digest": "latest"}}}, "/images/operator/digest", "pattern"),
        ({"images": {"pullPolicy": "Sometimes"}}, "/images/pullPolicy", "'IfNotPresent'"),
        ({"images": {"pullSecrets": [{"name": "x"}]}}, "/images/pullSecrets/0", "want string"),
        ({"watchNamespaces": "team"}, "/watchNamespaces", "want array"),
        ({"watchNamespaces": ["team", "team"]}, "/watchNamespaces", "equal"),
        ({"watchNamespaces": ["Team"]}, "/watchNamespaces/0", "pattern"),
        ({"crds": {"install": "yes"}}, "/crds/install", "want boolean"),
        ({"resources": {"limits": {"memory": "lots"}}}, "/resources/limits/memory", "pattern"),
        (
            {"admissionPolicies": {"statusWriters": ["a' || 'b"]}},
            "/admissionPolicies/statusWriters/0",
            "pattern",
        ),
        ({"env": {"MODELYARD_WATCH_NAMESPACE": "x"}}, "env.MODELYARD_WATCH_NAMESPACE", "the chart sets it"),
        ({"env": {"A": 1}}, "/env/A", "want string"),
        ({"serviceAccount": {"create": False}}, "serviceAccount.name", "say which account"),
        (
            {"monitoring": {"serviceMonitor": {"interval": "soon"}}},
            "/monitoring/serviceMonitor/interval",
            "pattern",
        ),
    ],
)
def test_a_wrong_value_stops_with_its_key_named(values: dict[str, Any], key: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        text(**values)
    message = str(refused.value)
    assert key in message
    assert why in message


def test_a_chart_that_contains_this_one_may_give_it_globals() -> None:
    assert render(**{"global": {"imageRegistry": "x"}})


def test_a_mirror_serves_every_image_and_a_digest_comes_before_a_tag() -> None:
    images = {
        "registry": "mirror.example.org:5000/ai",
        "operator": {"digest": DIGEST, "tag": "9"},
        "cache": {"tag": "7"},
    }
    found = environment(images=images)
    assert pod(images=images)["containers"][0]["image"] == (
        f"mirror.example.org:5000/ai/modelyard-operator@{DIGEST}"
    )
    assert found["MODELYARD_SERVER_IMAGE"] == "mirror.example.org:5000/ai/modelyard-server:0.1.0"
    assert found["MODELYARD_CACHE_IMAGE"] == "mirror.example.org:5000/ai/valkey/valkey:7"


def test_no_variant_with_openvino_where_none_is_named() -> None:
    none = environment(images={"serverOpenvino": {"repository": ""}})
    assert "MODELYARD_SERVER_IMAGE_OPENVINO" not in none
    assert "MODELYARD_SERVER_IMAGE_OPENVINO" in environment()


def test_several_operators_share_the_work_by_one_lease() -> None:
    chart = render(replicas=2, priorityClassName="system-cluster-critical", release="acme", namespace="ml")
    found = deployment(chart)
    assert found["metadata"]["name"] == "acme-operator"
    assert found["spec"]["replicas"] == 2
    spec = found["spec"]["template"]["spec"]
    assert spec["priorityClassName"] == "system-cluster-critical"
    assert spec["topologySpreadConstraints"][0]["topologyKey"] == "kubernetes.io/hostname"
    assert {"name": "MODELYARD_LEASE_NAME", "value": "acme-operator"} in spec["containers"][0]["env"]
    assert ("Lease", "ml", "acme-operator") in chart
    assert chart["PodDisruptionBudget", "ml", "acme-operator"]["spec"]["maxUnavailable"] == 1


def test_the_status_is_written_by_this_releases_operator_and_by_those_named() -> None:
    def expression(**values: Any) -> str:
        chart = render(release="acme", namespace="ml", **values)
        policy = chart["ValidatingAdmissionPolicy", "", "modelyard-status"]
        assert "OPERATOR" not in str(policy)
        words: str = policy["spec"]["validations"][0]["expression"]
        return words

    own = "system:serviceaccount:ml:acme-operator"
    assert expression() == f"request.userInfo.username == '{own}'"
    other = "system:serviceaccount:team:modelyard-operator"
    assert expression(admissionPolicies={"statusWriters": [other]}) == (
        f"request.userInfo.username in ['{own}', '{other}']"
    )


def test_crds_stay_on_uninstall_unless_told_otherwise() -> None:
    def kept(chart: Objects) -> list[bool]:
        crds = [each for (kind, *_), each in chart.items() if kind == "CustomResourceDefinition"]
        return [
            each["metadata"].get("annotations", {}).get("helm.sh/resource-policy") == "keep" for each in crds
        ]

    assert kept(render()) == [True, True]
    assert kept(render(crds={"keep": False})) == [False, False]
    assert kept(render(crds={"install": False})) == []


def test_what_a_cluster_wants_of_pods_is_passed_on() -> None:
    given: dict[str, Any] = {
        "nodeSelector": {"pool": "system"},
        "tolerations": [{"key": "CriticalAddonsOnly", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "images": {"pullSecrets": ["mirror"]},
        "env": {"MODELYARD_LOG_LEVEL": "debug"},
    }
    spec = pod(**given)
    for key in ("nodeSelector", "tolerations", "affinity"):
        assert spec[key] == given[key]
    assert spec["imagePullSecrets"] == [{"name": "mirror"}]
    assert environment(**given)["MODELYARD_IMAGE_PULL_SECRETS"] == "mirror"
    assert environment(**given)["MODELYARD_LOG_LEVEL"] == "debug"


def test_the_optional_policy_and_nothing_at_all() -> None:
    names = {
        key[2]
        for key in render(admissionPolicies={"changedBy": True})
        if key[0] == "ValidatingAdmissionPolicy"
    }
    assert names == {"modelyard-approver", "modelyard-status", "modelyard-changed-by"}
    off = render(
        admissionPolicies={"install": False},
        networkPolicy={"enabled": False},
        podDisruptionBudget={"enabled": False},
    )
    assert not {"ValidatingAdmissionPolicy", "NetworkPolicy", "PodDisruptionBudget"} & {key[0] for key in off}
