from devcluster.config import Settings
from devcluster.endpoints import GATEWAY_API
from devcluster.extras.gateway import GATEWAY_EXTRA, gateway_problem


def test_the_gateway_takes_routes_of_every_namespace_at_the_documented_port(settings: Settings) -> None:
    (gateway,) = GATEWAY_EXTRA.after(settings)
    (listener,) = gateway["spec"]["listeners"]
    assert listener["port"] == GATEWAY_API.port
    assert listener["allowedRoutes"]["namespaces"] == {"from": "All"}
    # istiod gives an address of this type back and waits for no Service of its own.
    assert gateway["spec"]["addresses"] == [
        {"type": "Hostname", "value": "ingressgateway.istio-system.svc.cluster.local"}
    ]


def test_the_gateway_is_awaited() -> None:
    def gateway(status: str) -> dict[str, object]:
        return {"status": {"conditions": [{"type": "Programmed", "status": status, "message": "no service"}]}}

    assert gateway_problem(gateway("True")) is None
    assert "no service" in str(gateway_problem(gateway("False")))
    assert gateway_problem(None) and gateway_problem({})
