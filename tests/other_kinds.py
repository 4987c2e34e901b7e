"""Kinds of other projects, of the embedded cluster's pinned versions, in an API server of a test."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from devcluster import crds
from devcluster.config import Settings
from devcluster.crds import Source
from devcluster.extras.gateway import GATEWAY_EXTRA
from devcluster.extras.http_add_on import HTTP_ADD_ON_EXTRA
from devcluster.extras.istio import ISTIO_EXTRA
from devcluster.extras.keda import KEDA_EXTRA
from devcluster.ui import Ui
from tests.control_plane import ControlPlane, wait_until

_OPERATOR = "github.com/prometheus-operator/prometheus-operator"


@dataclass(frozen=True, slots=True)
class Kinds:
    """Some kinds of one project.

    Attributes:
        source: Where their definitions are, among others.
        version: Their group and version.
        plurals: Of those that Modelyard deals with.
    """

    source: Source | None
    version: str
    plurals: tuple[str, ...]

    def definitions(self) -> list[dict[str, Any]]:
        """Their definitions."""
        assert self.source is not None
        found = crds.ensure(Settings.from_environment(), Ui(), self.source)
        return [each for each in found if each["metadata"]["name"] in self._names]

    def install(self, plane: ControlPlane) -> None:
        """Install them, and wait until they are served."""
        done = plane.kubectl("apply", "--server-side", "-f", "-", stdin=self.definitions())
        assert done.returncode == 0, done.stderr
        self._wait(plane, all, "served")

    def remove(self, plane: ControlPlane) -> None:
        """Take away those that are there, and every object with them."""
        with plane.client() as api:
            for name in self._names:
                done = api.delete(crds.path(name))
                assert done.is_success or done.status_code == 404, done.text
        self._wait(plane, lambda served: not any(served), "gone")

    @property
    def _names(self) -> list[str]:
        return [f"{plural}.{self.version.partition('/')[0]}" for plural in self.plurals]

    def _wait(self, plane: ControlPlane, until: Callable[[list[bool]], bool], what: str) -> None:
        with plane.client() as api:
            wait_until(lambda: until(self._served(api)), f"{', '.join(self.plurals)} are {what}")

    def _served(self, api: httpx.Client) -> list[bool]:
        return [api.get(f"/apis/{self.version}/{plural}").is_success for plural in self.plurals]


ISTIO = Kinds(ISTIO_EXTRA.crds, "networking.istio.io/v1", ("virtualservices", "destinationrules", "gateways"))
GATEWAY_API = Kinds(GATEWAY_EXTRA.crds, "gateway.networking.k8s.io/v1", ("httproutes", "gateways"))
KEDA = Kinds(KEDA_EXTRA.crds, "keda.sh/v1alpha1", ("scaledobjects",))
HTTP_ADD_ON = Kinds(HTTP_ADD_ON_EXTRA.crds, "http.keda.sh/v1beta1", ("interceptorroutes",))
MONITORS = Kinds(
    Source("prometheus-operator", _OPERATOR, "example/prometheus-operator-crd/*_servicemonitors.yaml"),
    "monitoring.coreos.com/v1",
    ("servicemonitors",),
)
