"""Where a ModelDeployment is asked, from within its cluster or from this machine."""

from typing import Any

from modelyard_cli.cluster.client import Cluster, call
from modelyard_cli.errors import CliError
from modelyard_cli.loadtest.address import Address


def inside(cluster: Cluster, name: str) -> Address:
    """A deployment's address for pods of its cluster.

    Raises:
        CliError: There is no such deployment, or it serves nothing.
    """
    _serving(cluster, name)
    return Address(f"http://{name}.{cluster.namespace}.svc", f"the Service {name}")


def outside(cluster: Cluster, name: str) -> Address:
    """A deployment's address for this machine: its route's, a load balancer's, else the Service's own.

    Raises:
        CliError: There is no such deployment, or it serves nothing.
    """
    deployment = _serving(cluster, name)
    url = str((deployment.get("status") or {}).get("url") or "")
    if url and ".svc" not in url:
        return Address(url.rstrip("/"), "status.url of the deployment")
    service = call(f"Service {name}", lambda: cluster.core.read_namespaced_service(name, cluster.namespace))
    return service_address(cluster.plain(service))


def service_address(service: dict[str, Any]) -> Address:
    """Where this machine may reach a Service.

    Raises:
        CliError: It has no address.
    """
    name, spec = service["metadata"]["name"], service["spec"]
    port = next((each for each in spec["ports"] if each.get("name") == "http"), spec["ports"][0])
    at = "" if port["port"] == 80 else f":{port['port']}"
    for each in ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []:
        host = each.get("hostname") or each.get("ip")
        if host:
            return Address(f"http://{host}{at}", f"the load balancer of Service {name}")
    if spec.get("clusterIP") in {None, "", "None"}:
        raise CliError(
            f"Service {name} has no address of its own: give the API's address instead of its name"
        )
    return Address(
        f"http://{spec['clusterIP']}{at}",
        f"the cluster address of Service {name}, which this machine must be able to reach",
    )


def _serving(cluster: Cluster, name: str) -> dict[str, Any]:
    deployment = cluster.deployment(name)
    if not (deployment.get("status") or {}).get("stableRevision"):
        raise CliError(f"{name}: no revision serves yet; `modelyard explain {name}` says why")
    return deployment
