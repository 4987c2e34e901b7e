"""KEDA's operator and its adapter of external metrics as processes on the node."""

from devcluster.components.base import Component, client_config, http_check, pki, program
from devcluster.config import Settings
from devcluster.endpoints import KEDA_ADAPTER_PORT, KEDA_METRICS_PORT, KEDA_NAMESPACE, LOOPBACK

RESOLV_CONF = "keda.resolv.conf"
PROBE_PORT = 15081
FIGURES_PORT = 15082

_ENV = {
    "POD_NAMESPACE": KEDA_NAMESPACE,
    "KEDA_CLUSTER_OBJECT_NAMESPACE": KEDA_NAMESPACE,
    # All.
    "WATCH_NAMESPACE": "",
}


def keda_operator(settings: Settings) -> Component:
    """Turns ScaledObjects into autoscalers, and asks what their triggers name, as a pod would."""
    domain = settings.cluster_domain
    searched = f"{KEDA_NAMESPACE}.svc.{domain} svc.{domain} {domain}"
    resolv_conf = settings.config_dir / RESOLV_CONF
    argv = (
        program(settings, "keda-operator"),
        f"--kubeconfig={client_config(settings, 'keda')}",
        f"--health-probe-bind-address={LOOPBACK}:{PROBE_PORT}",
        "--metrics-bind-address=0",
        f"--metrics-service-bind-address={settings.node_ip}:{KEDA_METRICS_PORT}",
        f"--cert-dir={pki(settings, 'keda')}",
        f"--k8s-cluster-domain={settings.cluster_domain}",
        "--zap-log-level=info",
    )
    check = http_check(f"http://{LOOPBACK}:{PROBE_PORT}/readyz")
    return Component(
        "keda-operator",
        argv,
        check,
        phase=4,
        files={resolv_conf: f"nameserver {settings.dns_ip}\nsearch {searched}\noptions ndots:5\n"},
        env=_ENV,
        resolv_conf=resolv_conf,
    )


def keda_adapter(settings: Settings) -> Component:
    """Serves the API server what the operator counted."""
    kubeconfig = client_config(settings, "keda")
    argv = (
        program(settings, "keda-adapter"),
        f"--kubeconfig={kubeconfig}",
        f"--lister-kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        f"--bind-address={settings.node_ip}",
        f"--secure-port={KEDA_ADAPTER_PORT}",
        f"--tls-cert-file={pki(settings, 'keda.crt')}",
        f"--tls-private-key-file={pki(settings, 'keda.key')}",
        f"--cert-dir={pki(settings, 'keda')}",
        f"--metrics-service-address={settings.node_ip}:{KEDA_METRICS_PORT}",
        # Its own figures, the one port that it lets nobody bind to an address.
        f"--port={FIGURES_PORT}",
        "--zap-log-level=error",
    )
    check = http_check(f"https://{settings.node_ip}:{KEDA_ADAPTER_PORT}/readyz")
    return Component("keda-adapter", argv, check, phase=5, env=_ENV)
