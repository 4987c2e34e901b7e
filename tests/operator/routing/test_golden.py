"""Every route as files. `MODELYARD_GOLDEN=write pytest …` writes them anew."""

import os
from pathlib import Path

import pytest

from modelyard_operator.api.crd import to_yaml
from modelyard_operator.routing.base import Router, Split, Traffic
from modelyard_operator.routing.gateway import Gateway
from modelyard_operator.routing.istio import Istio
from tests.operator.routing.worlds import CTX, GRPC_PORT, NEW, OLD, routing, traffic

GOLDEN = Path(__file__).parent / "golden"
HOSTS = ["sentiment.example.org", "*.models.example.org"]
EDGE = {"namespace": "ingress", "name": "edge"}
FULL = routing(
    mode="istio",
    hosts=HOSTS,
    gateway=EDGE,
    timeout="30s",
    retries={"attempts": 3, "perTryTimeout": "500ms", "retryOn": ["reset", "503"]},
    outlierDetection={"consecutiveErrors": 7, "interval": "5s", "ejectionTime": "1m"},
)
CASES: dict[str, tuple[Router, Traffic]] = {
    "istio-mesh": (Istio(routing(mode="istio")), traffic(Split.whole(OLD))),
    "istio-no-retries": (Istio(routing(mode="istio", retries={"attempts": 0})), traffic(Split.whole(OLD))),
    "istio-full": (Istio(FULL), traffic(Split({OLD: 90, NEW: 10}), OLD, GRPC_PORT)),
    "istio-shadow": (Istio(routing(mode="istio")), traffic(Split({OLD: 100}, NEW, 25))),
    "istio-held": (Istio(FULL), traffic(Split({OLD: 100}, held_by="keda"))),
    "gateway-held": (
        Gateway(routing(mode="gateway", hosts=HOSTS, gateway=EDGE, timeout="30s")),
        traffic(Split({OLD: 100}, held_by="add-on")),
    ),
    "gateway-whole": (
        Gateway(routing(mode="gateway", hosts=HOSTS, gateway={"name": "edge"})),
        traffic(Split.whole(OLD)),
    ),
    "gateway-full": (
        Gateway(routing(mode="gateway", hosts=HOSTS, gateway=EDGE, timeout="30s")),
        traffic(Split({OLD: 90, NEW: 10, "rnobody": 0}), OLD, GRPC_PORT),
    ),
    "gateway-shadow": (
        Gateway(routing(mode="gateway", hosts=HOSTS, gateway=EDGE)),
        traffic(Split({OLD: 100}, NEW, 25), OLD, GRPC_PORT),
    ),
    "gateway-shadow-all": (
        Gateway(routing(mode="gateway", hosts=HOSTS, gateway=EDGE)),
        traffic(Split({OLD: 100}, NEW, 100)),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_routes_are_as_the_golden_file_has_them(case: str) -> None:
    router, wanted = CASES[case]
    text = "---\n".join(to_yaml(manifest) for manifest in router.route(CTX, wanted).manifests)
    file = GOLDEN / f"{case}.yaml"
    if os.environ.get("MODELYARD_GOLDEN") == "write":
        file.write_text(text)
    assert text == file.read_text(), f"see `git diff` after MODELYARD_GOLDEN=write pytest {__file__}"
