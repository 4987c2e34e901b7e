"""The chart on a real cluster: first install, upgrade and rollback under load, uninstall, taking over."""

import asyncio
import contextlib
import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.built import Images, built
from demo.install import NAMESPACE, install
from demo.shell import ROOT, CommandError, run
from demo.targets.base import Target
from images.inputs import VARIANTS
from tests.e2e.cluster import OPERATOR, Namespace, Resource, sentiment
from tests.e2e.load import load
from tests.tools import helm

pytestmark = pytest.mark.e2e

CHART = ROOT / "charts" / "modelyard"
CRDS = {"modeldeployments.modelyard.dev", "modelapprovals.modelyard.dev"}
PARTS = {"operator": "operator", "server": "server", "server-openvino": "serverOpenvino", "cache": "cache"}
"""Part of the images -> the chart's name for it."""
READY_SECONDS = 30
"""From `helm install` to a ready operator, with the images on the node."""


class Helm:
    """Helm against the cluster of the tests."""

    def __init__(self, target: Target, images: Images, home: Path) -> None:
        self._kubectl = target.kubectl
        self._environment = {
            **os.environ,
            **{f"HELM_{kind}_HOME": str(home / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")},
            **({"KUBECONFIG": str(self._kubectl.kubeconfig)} if self._kubectl.kubeconfig else {}),
        }
        self._images = {}
        for part, name in PARTS.items():
            if part in images:
                repository, _, tag = images[part].reference.rpartition(":")
                self._images[name] = {"repository": repository, "tag": tag}

    def __call__(self, *arguments: str, namespace: str = NAMESPACE, stdin: str | None = None) -> str:
        """What `helm ARGUMENTS` says.

        Raises:
            CommandError: Helm said no.
        """
        context = ["--kube-context", self._kubectl.context] if self._kubectl.context else []
        return run([helm(), *arguments, "-n", namespace, *context], stdin=stdin, env=self._environment)

    def apply(
        self, verb: str, *flags: str, release: str = "modelyard", namespace: str = NAMESPACE, **values: Any
    ) -> str:
        """`helm install` or `upgrade` of the chart with the images of this checkout, until it is ready."""
        given = values | {"images": {**self._images, **values.get("images", {})}}
        flags = (*flags, "--wait", "--timeout", "120s", "-f", "-")
        return self(verb, release, str(CHART), *flags, namespace=namespace, stdin=json.dumps(given))

    def remove(self, release: str, namespace: str) -> None:
        """Take a release away, if it is there."""
        self("uninstall", release, "--wait", "--timeout", "60s", "--ignore-not-found", namespace=namespace)


@pytest.fixture(scope="module")
def pristine(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Helm]:
    """A cluster that has never seen Modelyard; afterwards it has what the demo installs."""
    images = target.load(built(also=VARIANTS))
    delete = ("delete", "--ignore-not-found", "--wait=true", "--timeout=120s")
    target.kubectl(*delete, "-k", ROOT / "k8s/base")
    yield Helm(target, images, tmp_path_factory.mktemp("helm"))
    target.kubectl(*delete, "namespace", "ml", "ml-a", "ml-b")
    install(target, images)


@pytest.fixture
def chart(pristine: Helm) -> Iterator[Helm]:
    """Helm, with no release at the beginning of each test."""
    yield pristine
    for release, namespace in (("modelyard", NAMESPACE), ("acme", "ml")):
        pristine.remove(release, namespace)


def everything(target: Target, namespace: str) -> set[str]:
    """Every object of the whole cluster, and of `namespace`, whose name says that it is ours."""
    found: set[str] = set()
    for namespaced in ("true", "false"):
        kinds = target.kubectl("api-resources", "--verbs=list", f"--namespaced={namespaced}", "-o", "name")
        passing = ("events", "events.events.k8s.io", "componentstatuses")
        wanted = [k for k in kinds.split() if k not in passing and not k.endswith(".metrics.k8s.io")]
        listed = target.kubectl("get", ",".join(wanted), "-n", namespace, "-o", "name", "--ignore-not-found")
        found.update(listed.split())
    # Others give each new namespace something of theirs a moment later, such as certificates.
    return {each for each in found if "modelyard" in each.partition("/")[2]}


def servers(namespace: Namespace) -> dict[str, int]:
    """Restarts of each pod that serves, by its uid; one that was made just now has no containers yet."""
    return {
        pod["metadata"]["uid"]: sum(
            each["restartCount"] for each in pod["status"].get("containerStatuses", [])
        )
        for pod in namespace.list("pod", "app.kubernetes.io/component=server")
    }


async def follows(namespace: Namespace, minimum: int) -> None:
    """The operator acts on a change, and may write the status."""
    namespace.apply(sentiment(scaling={"minReplicas": minimum, "maxReplicas": 3}))

    def done() -> bool:
        it = namespace.mdep()
        return bool(
            it["status"].get("observedGeneration") == it["metadata"]["generation"]
            and namespace.list("hpa")[0]["spec"]["minReplicas"] == minimum
        )

    await namespace.until("the change is carried out", done, within=60)


async def test_a_release_from_its_first_install_to_its_last(
    chart: Helm, namespace: Namespace, operator: Namespace, record_property: Any
) -> None:
    target = namespace.target
    target.kubectl("create", "namespace", NAMESPACE)
    target.kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
    before = everything(target, NAMESPACE)

    began = time.monotonic()
    notes = chart.apply("install")
    took = time.monotonic() - began
    record_property("ready_seconds", round(took, 1))
    print(f"helm install to a ready operator: {took:.1f} s")
    assert took <= READY_SECONDS
    assert "helm test modelyard -n modelyard-system" in notes
    assert re.search(r"Phase:\s+Succeeded", chart("test", "modelyard"))

    namespace.apply(sentiment())
    await namespace.ready()
    pods = servers(namespace)
    async with load(await namespace.url(), keep_alive=2, fresh=1) as seen:
        await namespace.until("the load is under way", lambda: seen.ok > 50)
        mark = {"podAnnotations": {"example.org/changed": "yes"}}
        await asyncio.to_thread(chart.apply, "upgrade", replicas=2, **mark)
        assert len(operator.list("pod", OPERATOR)) >= 2
        await asyncio.to_thread(chart, "rollback", "modelyard", "--wait", "--timeout", "120s")
        (found,) = operator.list("deploy", OPERATOR)
        assert found["spec"]["replicas"] == 1
        assert "example.org/changed" not in found["spec"]["template"]["metadata"]["annotations"]
        upgraded = seen.ok
        await namespace.until("answers went on", lambda: seen.ok > upgraded + 50)
        await follows(namespace, 2)
        chart.remove("modelyard", NAMESPACE)
        await operator.until("the operator's pods are gone", lambda: not operator.list("pod", OPERATOR))
        alone = seen.ok
        await namespace.until("answers go on without an operator", lambda: seen.ok > alone + 50)
    assert seen.failures == []
    now = servers(namespace)
    assert {uid: now.get(uid) for uid in pods} == pods

    crds = {f"customresourcedefinition.apiextensions.k8s.io/{name}" for name in CRDS}
    left: set[str] = set()

    def nothing_else() -> bool:
        nonlocal left
        # The API server itself makes the APIService of a group that CRDs have.
        left = (
            everything(target, NAMESPACE)
            - before
            - {"apiservice.apiregistration.k8s.io/v1alpha1.modelyard.dev"}
        )
        return left == crds

    with contextlib.suppress(AssertionError):
        await namespace.until("nothing else is left", nothing_else, within=30)
    assert left == crds

    with pytest.raises(CommandError, match="invalid ownership metadata"):
        chart.apply("install", "--create-namespace", release="acme", namespace="ml")
    chart.apply("install", "--create-namespace", "--take-ownership", release="acme", namespace="ml")
    await follows(namespace, 1)
    assert set(pods) <= set(servers(namespace)), "no pod was made anew"
    chart.remove("acme", "ml")


async def test_an_installation_by_kustomize_is_taken_over(
    chart: Helm, target: Target, namespace: Namespace, operator: Namespace
) -> None:
    install(target, built(also=VARIANTS))
    namespace.apply(sentiment())
    await namespace.ready()
    pods = servers(namespace)
    chart.apply("install", "--take-ownership", "--force-conflicts")
    (found,) = operator.list("deploy", OPERATOR)
    assert found["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "Helm"
    await follows(namespace, 2)
    assert {uid: servers(namespace).get(uid) for uid in pods} == pods
    chart.remove("modelyard", NAMESPACE)
    assert not operator.list("deploy", OPERATOR)


async def test_namespaces_by_name(chart: Helm, target: Target) -> None:
    mine, other = Namespace(target, "ml-a"), Namespace(target, "ml-b")
    for each in (mine, other, Namespace(target, "ml")):
        if not target.kubectl("get", "namespace", each.name, "--ignore-not-found"):
            target.kubectl("create", "namespace", each.name)
    flags = ("--take-ownership",)
    chart.apply("install", *flags, release="acme", namespace="ml", watchNamespaces=["ml-a", "ml"])
    user = "system:serviceaccount:ml:acme-operator"

    def may(verb: str, kind: str, where: str) -> bool:
        try:
            return "yes" in target.kubectl("auth", "can-i", verb, kind, "-n", where, f"--as={user}")
        except CommandError:
            return False

    assert may("create", "deployments.apps", "ml-a")
    assert not may("list", "pods", "ml-b")
    assert not may("list", "secrets", "ml-a")

    resource: Resource = sentiment()
    for each in (mine, other):
        each.apply(resource)
    await mine.until("it is looked at", lambda: mine.mdep()["status"]["observedGeneration"] == 1, within=60)
    # Taken away from one, the other is served on.
    mine_too = Namespace(target, "ml")
    target.kubectl("delete", "rolebinding", "acme-operator-ml", "-n", "ml-a")
    (pod,) = mine_too.list("pod", OPERATOR)
    mine_too.run("delete", "pod", pod["metadata"]["name"])
    mine_too.apply(resource)
    await mine_too.until(
        "the other is served", lambda: mine_too.mdep()["status"]["observedGeneration"] == 1, within=90
    )
    assert other.mdep()["status"]["observedGeneration"] == -1, "nobody looks at a namespace that is not named"
    chart.remove("acme", "ml")
