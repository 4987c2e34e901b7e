"""Releases of the chart on a real API server without pods: whose objects they are, and what it refuses."""

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.charts.rendering import CHART, ROOT
from tests.control_plane import ControlPlane
from tests.tools import helm

pytestmark = pytest.mark.integration

TENANT = "tenant"
CRDS = {"modeldeployments.modelyard.dev", "modelapprovals.modelyard.dev"}
KINDS = (
    "clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingadmissionpolicybindings,"
    "customresourcedefinitions,deployments,services,networkpolicies,poddisruptionbudgets,leases,roles,rolebindings,"
    "serviceaccounts,secrets,configmaps"
)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    plane = ControlPlane(tmp_path_factory.mktemp("control-plane"), users=[TENANT])
    try:
        plane.start()
        for name in ("ml", "ml-a", "modelyard-system"):
            assert plane.kubectl("create", "namespace", name).returncode == 0
            # A whole cluster makes it in every namespace.
            plane.kubectl("create", "serviceaccount", "default", "-n", name)
        # What the cluster's own role `admin` has there: nobody puts that one together here.
        kinds = "deployments,services,secrets,serviceaccounts,leases,networkpolicies,poddisruptionbudgets"
        plane.kubectl("create", "role", TENANT, "-n", "ml", "--verb=*", f"--resource={kinds}")
        plane.kubectl("create", "rolebinding", TENANT, "-n", "ml", f"--role={TENANT}", f"--user={TENANT}")
        yield plane
    finally:
        plane.stop()


def run(plane: ControlPlane, *arguments: str, user: str | None = None, stdin: str | None = None) -> Any:
    kubeconfig = plane.folder / f"helm-{user or 'admin'}.kubeconfig"
    source = plane.kubeconfig(user) if user else plane.kubeconfig()
    kubeconfig.write_bytes(source.read_bytes())
    homes = {f"HELM_{kind}_HOME": str(plane.folder / "helm" / kind) for kind in ("CACHE", "CONFIG", "DATA")}
    environment = {**os.environ, **homes, "KUBECONFIG": str(kubeconfig)}
    return subprocess.run(
        [helm(), *arguments], env=environment, input=stdin, capture_output=True, text=True, check=False
    )


def install(
    plane: ControlPlane,
    *flags: str,
    release: str = "acme",
    namespace: str = "ml",
    user: str | None = None,
    **values: Any,
) -> Any:
    command = ["install", release, str(CHART), "-n", namespace, *flags, "-f", "-"]
    return run(plane, *command, user=user, stdin=json.dumps(values))


def there(plane: ControlPlane) -> set[str]:
    """Every object whose name says that it is ours."""
    listed = plane.kubectl("get", KINDS, "-A", "-o", "name").stdout.split()
    return {name for name in listed if "modelyard" in name or "acme" in name}


def test_what_the_cluster_lacks_is_said_with_the_key(plane: ControlPlane) -> None:
    for values, said in (
        ({"watchNamespaces": ["nowhere"]}, 'watchNamespaces: the cluster has no namespace "nowhere"'),
        ({"images": {"pullSecrets": ["mirror"]}}, 'images.pullSecrets: namespace ml has no Secret "mirror"'),
        ({"priorityClassName": "urgent"}, 'priorityClassName: the cluster has no PriorityClass "urgent"'),
    ):
        done = install(plane, **values)
        assert done.returncode != 0
        assert said in done.stderr


def test_a_namespace_without_rights_is_named_with_the_key(plane: ControlPlane) -> None:
    done = install(plane, user=TENANT, watchNamespaces=["ml-a"])
    assert done.returncode != 0
    assert "values.watchNamespaces" in done.stderr
    assert f'User "{TENANT}" cannot get' in done.stderr
    assert 'in the namespace "ml-a"' in done.stderr


def test_a_tenant_installs_what_they_may_and_the_rest_is_given(plane: ControlPlane) -> None:
    """As docs/install.md says."""
    off = {"crds": {"install": False}, "admissionPolicies": {"install": False}}
    rights = {"rbac": {"create": False, "userRoles": False}}
    account = {"serviceAccount": {"create": False, "name": "acme-operator"}}
    done = install(plane, user=TENANT, watchNamespaces=["ml"], **off, **rights, **account)
    assert done.returncode == 0, done.stderr
    assert run(plane, "uninstall", "acme", "-n", "ml", user=TENANT).returncode == 0


def test_a_release_leaves_its_crds_alone_and_another_takes_them_over(plane: ControlPlane) -> None:
    assert not there(plane)
    done = install(plane, release="modelyard", namespace="modelyard-system")
    assert done.returncode == 0, done.stderr
    upgrade = ("upgrade", "modelyard", str(CHART), "-n", "modelyard-system", "--set", "replicas=2")
    assert run(plane, *upgrade).returncode == 0
    assert run(plane, "rollback", "modelyard", "-n", "modelyard-system").returncode == 0
    assert run(plane, "uninstall", "modelyard", "-n", "modelyard-system").returncode == 0
    left = {name.partition("/")[2] for name in there(plane)}
    assert left == CRDS

    refused = install(plane)
    assert "invalid ownership metadata" in refused.stderr
    taken = install(plane, "--take-ownership")
    assert taken.returncode == 0, taken.stderr
    assert run(plane, "uninstall", "acme", "-n", "ml").returncode == 0

    base = plane.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(ROOT / "k8s/base"))
    assert base.returncode == 0, base.stderr
    flags = ("--take-ownership", "--force-conflicts")
    adopted = install(plane, *flags, release="modelyard", namespace="modelyard-system")
    assert adopted.returncode == 0, adopted.stderr
    assert run(plane, "uninstall", "modelyard", "-n", "modelyard-system").returncode == 0
    assert {name.partition("/")[2] for name in there(plane)} == CRDS
