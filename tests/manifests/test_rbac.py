"""The operator's rights: what its children need, and nothing that would make it dangerous."""

from modelyard_operator.kube.kinds import Kind
from modelyard_operator.rbac import admission_role, cluster_role, lease_role
from modelyard_operator.resources.catalog import KINDS


def grants(*kinds: Kind) -> dict[tuple[str, str], set[str]]:
    role = cluster_role(kinds) if kinds else cluster_role()
    return {
        (group, resource): set(rule["verbs"])
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def test_secrets_are_neither_listed_nor_watched_nor_deleted() -> None:
    assert grants()["", "secrets"] == {"get", "create", "patch"}


def test_admission_policies_are_read_by_name_alone() -> None:
    [rule] = admission_role()["rules"]
    assert rule["verbs"] == ["get"]
    assert rule["resourceNames"] == ["modelyard-approver", "modelyard-changed-by"]


def test_nothing_is_granted_by_wildcard() -> None:
    for rule in (*cluster_role()["rules"], *admission_role()["rules"], *lease_role()["rules"]):
        assert "*" not in (*rule["apiGroups"], *rule["resources"], *rule["verbs"])


def test_pods_and_our_own_resources_are_only_looked_at() -> None:
    looking = {"get", "list", "watch"}
    assert grants()["", "pods"] == grants()["modelyard.dev", "modeldeployments"] == looking


def test_nothing_that_raises_ones_rights_is_granted() -> None:
    groups = {group for group, _ in grants()}
    assert "rbac.authorization.k8s.io" not in groups
    assert {"impersonate", "bind", "escalate"}.isdisjoint(set().union(*grants().values()))
    assert ("", "pods/exec") not in grants()
    assert ("", "serviceaccounts/token") not in grants()


def test_a_new_child_kind_brings_its_rights() -> None:
    probes = Kind("monitoring.coreos.com/v1", "Probe", "probes")
    assert ("monitoring.coreos.com", "probes") not in grants()
    assert grants(*KINDS, probes)["monitoring.coreos.com", "probes"] == set(probes.verbs)


def test_leases_are_held_in_the_operators_own_namespace() -> None:
    assert lease_role()["metadata"]["namespace"] == "modelyard-system"
    assert not [group for group, _ in grants() if group == "coordination.k8s.io"]
