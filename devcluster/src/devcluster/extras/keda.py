"""KEDA: scales by what Prometheus counts, in autoscalers of its own making."""

import base64
from collections.abc import Sequence

from devcluster.api import Api, Manifest
from devcluster.build import KEDA_TOOLS
from devcluster.components.base import Component
from devcluster.components.keda import keda_adapter, keda_operator
from devcluster.components.metrics_server import APISERVICES, apiservice_problem
from devcluster.config import Settings
from devcluster.crds import Source
from devcluster.endpoints import KEDA_ADAPTER_PORT, KEDA_METRICS_PORT, KEDA_NAMESPACE
from devcluster.extras.base import Extra, namespace
from devcluster.extras.keda_rights import rights
from devcluster.manifests import service
from devcluster.pki import Identity

ADAPTER = "keda-metrics-apiserver"
APISERVICE = "v1beta1.external.metrics.k8s.io"
USER = Identity("keda", "devcluster:keda", hosts=(f"{ADAPTER}.{KEDA_NAMESPACE}.svc",), is_folder=True)


def _components(settings: Settings) -> Sequence[Component]:
    return keda_operator(settings), keda_adapter(settings)


def _before(settings: Settings) -> Sequence[Manifest]:
    """Rights, and Services to the two daemons."""
    metrics = [("metricsservice", KEDA_METRICS_PORT, KEDA_METRICS_PORT, "TCP")]
    adapter = [("https", 443, KEDA_ADAPTER_PORT, "TCP")]
    return [
        namespace(KEDA_NAMESPACE),
        *rights(USER.user),
        *service(settings, KEDA_NAMESPACE, "keda-operator", metrics),
        *service(settings, KEDA_NAMESPACE, ADAPTER, adapter),
    ]


def _after(settings: Settings) -> Sequence[Manifest]:
    """The API, once there is a server behind it: one that does not answer holds up every namespace's end."""
    authority = base64.b64encode((settings.pki_dir / "ca.crt").read_bytes()).decode()
    spec = {
        "group": "external.metrics.k8s.io",
        "version": "v1beta1",
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
        "caBundle": authority,
        "service": {"name": ADAPTER, "namespace": KEDA_NAMESPACE, "port": 443},
    }
    kind = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService"}
    return [{**kind, "metadata": {"name": APISERVICE}, "spec": spec}]


def _check(api: Api) -> str | None:
    return apiservice_problem(APISERVICE, api.get(f"{APISERVICES}/{APISERVICE}"))


KEDA_EXTRA = Extra(
    name="keda",
    summary="KEDA's operator and its adapter of external metrics",
    components=_components,
    tools=KEDA_TOOLS,
    user=USER,
    crds=Source("keda", "github.com/kedacore/keda/v2", "config/crd/bases/*.yaml"),
    # A ScaledObject stays until the operator has let it go.
    is_finalizer=True,
    before=_before,
    after=_after,
    check=_check,
)
