"""The real cluster, with Modelyard installed as the demo installs it."""

import contextlib
import re
from collections.abc import Iterator

import pytest

from demo.built import built
from demo.install import NAMESPACE, install, offer_models
from demo.shell import CommandError
from demo.targets import choose
from demo.targets.base import Target
from images.inputs import VARIANTS
from tests.e2e.cluster import Namespace


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
def namespace(target: Target, request: pytest.FixtureRequest) -> Iterator[Namespace]:
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
    offer_models(target, name)
    yield where
    with contextlib.suppress(CommandError):
        target.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def operator(target: Target) -> Namespace:
    """The operator's own namespace; the operator runs again when the test ends."""
    return Namespace(target, NAMESPACE)
