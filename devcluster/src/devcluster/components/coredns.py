"""CoreDNS as a process on the node's address, behind the cluster's DNS Service."""

from devcluster.api import Api
from devcluster.components.base import Component, client_config, program
from devcluster.config import NAME, Settings
from devcluster.dns import resolves
from devcluster.host import Host


def corefile(settings: Settings, host: Host) -> str:
    """CoreDNS's configuration (https://coredns.io/manual/toc/)."""
    forward = "    forward . /etc/resolv.conf\n" if host.upstream_dns else ""
    return f""".:53 {{
    bind {settings.node_ip}
    errors
    kubernetes {settings.cluster_domain} in-addr.arpa ip6.arpa {{
        kubeconfig {client_config(settings, "coredns")} {NAME}
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 5
    }}
{forward}    cache 5
}}
"""


def coredns(settings: Settings, host: Host) -> Component:
    """Build the command line and configuration."""
    path = settings.config_dir / "Corefile"

    def check(_: Api) -> str | None:
        # Through the Service: this proves kube-proxy's rules as well.
        return resolves(f"kubernetes.default.svc.{settings.cluster_domain}", settings.dns_ip)

    argv = (program(settings, "coredns"), "-conf", str(path))
    return Component("coredns", argv, check, phase=3, files={path: corefile(settings, host)})
