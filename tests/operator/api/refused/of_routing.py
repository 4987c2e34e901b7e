"""What `spec.routing` may not say, and what the API server answers."""

from tests.operator.api.manifests import Manifest, spec

EDGE = {"gateway": {"name": "edge"}, "hosts": ["a.example.org"]}
ROUTING = 'spec.routing: Invalid value: "object": '
TOGETHER = (
    f"{ROUTING}hosts and gateway belong together: the gateway takes requests for the hosts; write both, or "
    "neither for clients inside the cluster"
)
NO_PROXY = (
    f"{ROUTING}mode replicas has no proxy for gateway, hosts, timeout, retries and outlierDetection: leave "
    "them out, or set mode to auto"
)
NO_RETRIES = (
    f"{ROUTING}mode gateway has neither retries nor outlierDetection, as an HTTPRoute knows none: leave them "
    "out, or set mode to istio"
)

CASES: list[tuple[Manifest, str]] = [
    (spec(routing={"hosts": ["a.example.org"]}), TOGETHER),
    (spec(routing={"mode": "istio", "gateway": {"name": "edge"}}), TOGETHER),
    (
        spec(routing={"mode": "gateway"}),
        f"{ROUTING}mode gateway needs gateway and hosts: an HTTPRoute hangs on a Gateway",
    ),
    (spec(routing={"mode": "gateway", "retries": {}} | EDGE), NO_RETRIES),
    (spec(routing={"mode": "gateway", "outlierDetection": {}} | EDGE), NO_RETRIES),
    (spec(routing={"mode": "replicas"} | EDGE), NO_PROXY),
    (spec(routing={"mode": "replicas", "timeout": "1s"}), NO_PROXY),
    (
        spec(routing={"timeout": "1s"}),
        f"{ROUTING}without a gateway, mode auto is replicas, which has no proxy for timeout, retries and "
        "outlierDetection: name the gateway, or set mode to istio for clients with sidecars",
    ),
    (
        spec(routing={"mode": "istio", "timeout": "1s", "retries": {"perTryTimeout": "1500ms"}}),
        f"{ROUTING}retries.perTryTimeout must not be longer than timeout: lower it or raise timeout",
    ),
    (
        spec(routing={"mode": "istio", "timeout": "0s"}),
        'spec.routing.timeout: Invalid value: "string": is no span of time: write it as 500ms, 30s or 2m',
    ),
    (
        spec(routing=EDGE | {"hosts": ["Example"]}),
        'spec.routing.hosts[0]: Invalid value: "string": is no host: write it in lower case and with its '
        "domain, such as sentiment.example.org",
    ),
    (
        spec(routing=EDGE | {"hosts": ["other.shop.svc.cluster.local"]}),
        'spec.routing.hosts[0]: Invalid value: "string": is a name inside the cluster, which every '
        "deployment has by itself: write the host that the gateway takes requests for",
    ),
]
