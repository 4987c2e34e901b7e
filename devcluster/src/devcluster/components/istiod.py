"""istiod as a process on the node, speaking to an Envoy beside it."""

import yaml

from devcluster.components.base import Component, client_config, http_check, pki, program
from devcluster.config import Settings
from devcluster.endpoints import ISTIO_NAMESPACE, LOOPBACK

HTTP_PORT = 15080
XDS_PORT = 15012
WEBHOOK_PORT = 15017
MONITORING_PORT = 15014
CLUSTER_ID = "Kubernetes"
VERSION = "1.31.0"
"""The Istio that the pinned sources are of, as proxies tell it to istiod."""
TRUST_DOMAIN = "cluster.local"
"""First part of the SPIFFE IDs by which proxies are known."""
HOST = f"istiod.{ISTIO_NAMESPACE}.svc"
"""Its name in its certificate, for proxies and for the API server."""

STATS_PREFIX = "wasmcustom"
"""Names of statistics that begin so are shown without it, as Istio's own Envoy shows its own."""

MESH = {
    # The data plane is an upstream Envoy: none of Istio's own filters, which this Envoy would refuse.
    "enablePrometheusMerge": False,
    "enableTracing": False,
    "defaultProviders": {"metrics": []},
    "trustDomain": TRUST_DOMAIN,
    "enableAutoMtls": False,
    "defaultConfig": {
        "discoveryAddress": f"{HOST}:{XDS_PORT}",
        "proxyStatsMatcher": {"inclusionPrefixes": [STATS_PREFIX]},
    },
}
"""Mesh configuration (https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/)."""

_ENV = {
    "POD_NAME": "istiod-node",
    "POD_NAMESPACE": ISTIO_NAMESPACE,
    "CLUSTER_ID": CLUSTER_ID,
    "REVISION": "default",
    "PILOT_ENABLE_METADATA_EXCHANGE": "false",
    "PILOT_ENABLE_ALPN_FILTER": "false",
    "PILOT_ENABLE_TELEMETRY_LABEL": "false",
    "PILOT_ENDPOINT_TELEMETRY_LABEL": "false",
    # It would make Deployments of Istio's own proxy image, which is not here.
    "PILOT_ENABLE_GATEWAY_API_DEPLOYMENT_CONTROLLER": "false",
}


def istiod(settings: Settings) -> Component:
    """Build the command line and configuration."""
    path = settings.config_dir / "mesh.yaml"
    argv = (
        program(settings, "istiod"),
        "discovery",
        f"--kubeconfig={client_config(settings, 'istiod')}",
        f"--meshConfig={path}",
        f"--networksConfig={settings.config_dir / 'mesh-networks.yaml'}",
        f"--namespace={ISTIO_NAMESPACE}",
        f"--domain={settings.cluster_domain}",
        f"--httpAddr={LOOPBACK}:{HTTP_PORT}",
        # The one address that the API server and pods are told of.
        f"--httpsAddr={settings.node_ip}:{WEBHOOK_PORT}",
        # None in the clear: keys go to Envoy this way.
        "--grpcAddr=",
        f"--secureGRPCAddr={settings.node_ip}:{XDS_PORT}",
        f"--tlsCertFile={pki(settings, 'istiod.crt')}",
        f"--tlsKeyFile={pki(settings, 'istiod.key')}",
        f"--caCertFile={pki(settings, 'ca.crt')}",
        f"--monitoringAddr={LOOPBACK}:{MONITORING_PORT}",
        "--shutdownDuration=0s",
    )
    files = {path: yaml.safe_dump(MESH, sort_keys=False)}
    check = http_check(f"http://{LOOPBACK}:{HTTP_PORT}/ready")
    return Component("istiod", argv, check, phase=4, files=files, env=_ENV)
