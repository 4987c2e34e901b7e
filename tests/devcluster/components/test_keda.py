from devcluster.components.keda import keda_adapter, keda_operator
from devcluster.config import Settings


def test_the_operator_asks_the_cluster_s_dns_as_a_pod_of_its_namespace_does(settings: Settings) -> None:
    operator = keda_operator(settings)
    assert operator.resolv_conf is not None
    assert operator.files[operator.resolv_conf].splitlines()[:2] == [
        f"nameserver {settings.dns_ip}",
        "search keda.svc.cluster.local svc.cluster.local cluster.local",
    ]
    command = operator.command()
    assert command[0] == "unshare"
    assert command[-len(operator.argv) :] == operator.argv
    assert keda_adapter(settings).command() == keda_adapter(settings).argv
