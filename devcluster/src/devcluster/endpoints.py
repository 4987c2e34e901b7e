"""Where the extras of the cluster are reached: what tests and demonstrations need to know of them.

All ports are of 127.0.0.1 and of the node's own address; none is reached from outside of the machine.
"""

from dataclasses import dataclass

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Ingress:
    """One way into the cluster through Envoy.

    Attributes:
        port: Envoy's port on 127.0.0.1, and the port of the Service for pods.
        namespace: Namespace of the gateway object that routes are bound to.
        gateway: Name of that object: an Istio Gateway, or one of the Gateway API.
    """

    port: int
    namespace: str
    gateway: str

    @property
    def url(self) -> str:
        """Root for this machine; the Host header chooses the route."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def service_url(self) -> str:
        """Root for pods; the Host header chooses the route."""
        return f"http://{INGRESS_SERVICE}.{ISTIO_NAMESPACE}.svc:{self.port}"

    @property
    def reference(self) -> str:
        """The gateway as `spec.gateways` of a VirtualService names it."""
        return f"{self.namespace}/{self.gateway}"


ISTIO_NAMESPACE = "istio-system"
INGRESS_SERVICE = "ingressgateway"

ISTIO = Ingress(18080, ISTIO_NAMESPACE, "edge")
"""`--with istio`: the Istio Gateway for VirtualServices of every namespace and host."""

GATEWAY_CLASS = "istio"
GATEWAY_API = Ingress(18081, ISTIO_NAMESPACE, "edge-api")
"""`--with gateway`: the Gateway for HTTPRoutes of every namespace and host; its listener is named `http`."""

HTTP_PORT = 18082
HTTPS_PORT = 18443
"""`--with istio`: where Envoy serves what a Gateway of anybody's has at the ports 80 and 443.

The Service has 80 and 443, which Istio takes for these target ports: so a Gateway says what it says in
production. Nothing listens as long as no Gateway has such a server.
"""
HTTP_URL = f"http://{LOOPBACK}:{HTTP_PORT}"
HTTPS_URL = f"https://{LOOPBACK}:{HTTPS_PORT}"

INGRESS_ACCOUNT = INGRESS_SERVICE
"""The service account that Envoy is to istiod; Secrets of its namespace are what it serves with TLS."""

ENVOY_ADMIN_PORT = 15000
ENVOY_ADMIN_URL = f"http://{LOOPBACK}:{ENVOY_ADMIN_PORT}"
"""Envoy's own pages: `/stats/prometheus`, `/config_dump`, `/clusters`."""

PROMETHEUS_NAMESPACE = "monitoring"
PROMETHEUS_PORT = 9090
PROMETHEUS_NODE_PORT = 30090
PROMETHEUS_URL = f"http://{LOOPBACK}:{PROMETHEUS_NODE_PORT}"
"""`--with prometheus`: its address for this machine."""
PROMETHEUS_SERVICE_URL = f"http://prometheus.{PROMETHEUS_NAMESPACE}.svc:{PROMETHEUS_PORT}"
"""Its address for pods."""

KEDA_NAMESPACE = "keda"
"""`--with keda`: of its Services."""
KEDA_METRICS_PORT = 9666
"""Where its operator tells its metrics adapter what triggers count."""
KEDA_ADAPTER_PORT = 4444
"""Where its adapter serves external metrics to the API server."""


def host(name: str, namespace: str) -> str:
    """A host name for the routes of one deployment, which no other deployment's is.

    Browsers and curl take names below `.localhost` for this machine (RFC 6761, section 6.3), so
    `curl http://NAME.NAMESPACE.localhost:18080` needs no Host header.

    Args:
        name: The deployment.
        namespace: Its namespace.

    Returns:
        The name, without a port.
    """
    return f"{name}.{namespace}.localhost"
