from devcluster.endpoints import GATEWAY_API, HTTP_URL, HTTPS_URL, ISTIO, host


def test_the_ways_in_are_told_apart_by_their_ports() -> None:
    assert ISTIO.url == "http://127.0.0.1:18080"
    assert GATEWAY_API.url == "http://127.0.0.1:18081"
    assert ISTIO.service_url == "http://ingressgateway.istio-system.svc:18080"
    assert HTTP_URL == "http://127.0.0.1:18082"
    assert HTTPS_URL == "https://127.0.0.1:18443"
    assert ISTIO.reference == "istio-system/edge"


def test_a_host_name_is_of_one_deployment_and_of_this_machine() -> None:
    assert host("sentiment", "demo") == "sentiment.demo.localhost"
