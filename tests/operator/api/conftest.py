"""An API server that knows what a ModelDeployment is."""

from collections.abc import Iterator

import httpx
import pytest

from modelyard_operator.api.crd import crd
from tests.control_plane import ControlPlane, wait_until
from tests.operator.api.manifests import COLLECTION


@pytest.fixture(scope="session")
def api(control_plane: ControlPlane) -> Iterator[httpx.Client]:
    """A client of an API server that has the CRD."""
    applied = control_plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=crd())
    assert applied.returncode == 0, applied.stderr
    with control_plane.client() as client:
        wait_until(lambda: client.get(COLLECTION).status_code == 200, "the CRD")
        yield client
