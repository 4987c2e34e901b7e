"""The API server."""

from devcluster.components.base import Component, http_check, pki, program
from devcluster.config import Settings
from devcluster.overcommit import APISERVER_FLAGS


def apiserver(settings: Settings) -> Component:
    """Build the command line (https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/)."""

    def key_pair(flag: str, name: str) -> list[str]:
        return [
            f"--{flag.format('cert')}={pki(settings, name + '.crt')}",
            f"--{flag.format('key')}={pki(settings, name + '.key')}",
        ]

    ca = pki(settings, "ca.crt")
    argv = [
        program(settings, "kube-apiserver"),
        f"--bind-address={settings.node_ip}",
        f"--advertise-address={settings.node_ip}",
        "--secure-port=6443",
        f"--client-ca-file={ca}",
        f"--tls-cert-file={pki(settings, 'kube-apiserver.crt')}",
        f"--tls-private-key-file={pki(settings, 'kube-apiserver.key')}",
        f"--etcd-servers={settings.etcd_url}",
        f"--etcd-cafile={ca}",
        *key_pair("etcd-{}file", "kube-apiserver"),
        f"--service-cluster-ip-range={settings.service_cidr}",
        f"--service-account-key-file={pki(settings, 'service-accounts.pub')}",
        f"--service-account-signing-key-file={pki(settings, 'service-accounts.key')}",
        f"--service-account-issuer=https://kubernetes.default.svc.{settings.cluster_domain}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        "--kubelet-preferred-address-types=InternalIP",
        f"--kubelet-certificate-authority={ca}",
        f"--kubelet-client-certificate={pki(settings, 'apiserver-kubelet.crt')}",
        f"--kubelet-client-key={pki(settings, 'apiserver-kubelet.key')}",
        f"--requestheader-client-ca-file={pki(settings, 'front-proxy-ca.crt')}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={pki(settings, 'front-proxy.crt')}",
        f"--proxy-client-key-file={pki(settings, 'front-proxy.key')}",
        # metrics-server is a process on the node: its Service is routed to the endpoint directly.
        "--enable-aggregator-routing=true",
        *APISERVER_FLAGS,
        "--shutdown-delay-duration=0s",
    ]
    return Component(
        "kube-apiserver",
        tuple(argv),
        http_check(f"{settings.api_url}/readyz"),
        phase=2,
        start_limit=120,
        # It would drain watches for a minute otherwise.
        stop_limit=3,
    )
