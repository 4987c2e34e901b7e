"""The real cluster, with Modelyard installed as the demo installs it."""

import contextlib
import re
from collections.abc import Iterator

import pytest

from demo.built import built
from demo.install import MODELS, NAMESPACE, install
from demo.shell import CommandError
from demo.targets import choose
from demo.targets.base import Target
from images.inputs import VARIANTS
from tests.e2e.cluster import Namespace, Resource


@pytest.fixture(scope="session")
def target() -> Target:
    """The cluster, up, with this checkout's images and operator."""
    target = choose()
    target.up()
    images = built(also=VARIANTS)
    images = target.load(images)
    install(target, images)
    return target


@pytest.fixture
def mesh(target: Target) -> Target:
    """The cluster with Istio, the Gateway API, and a gateway of each."""
    if target.name != "embedded":
        pytest.skip(f"{target.name} brings no gateway; run with CLUSTER=embedded")
    target.up(mesh=True)
    return target


@pytest.fixture(scope="session")
def reader(target: Target) -> Resource:
    """The Secret that reads the example models; they lie in the store."""
    secret: Resource = target.store(MODELS)
    return secret


@pytest.fixture
def namespace(target: Target, reader: Resource, request: pytest.FixtureRequest) -> Iterator[Namespace]:
    """A namespace of the test's own that admits restricted pods only."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:40].strip("-")
    where = Namespace(target, name)
    with contextlib.suppress(CommandError):
        target.kubectl("delete", "namespace", name, "--wait=true", "--timeout=120s")
    target.kubectl.apply(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
        }
    )
    where.apply(reader)
    yield where
    with contextlib.suppress(CommandError):
        target.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def operator(target: Target) -> Namespace:
    """The operator's own namespace; the operator runs again when the test ends."""
    return Namespace(target, NAMESPACE)
