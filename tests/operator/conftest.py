"""A control plane for the tests of the operator that need a real API server."""

from collections.abc import Iterator

import pytest

from tests.control_plane import ControlPlane


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server that knows nothing of Modelyard yet."""
    plane = ControlPlane(tmp_path_factory.mktemp("control-plane"), users=("operator", "viewer", "editor"))
    try:
        plane.start()
        yield plane
    finally:
        plane.stop()
