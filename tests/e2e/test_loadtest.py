"""`modelyard loadtest` against a deployment, from within its cluster and from outside."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from demo.shell import run
from demo.targets.base import Target
from demo.targets.embedded import DEVCLUSTER
from devcluster import endpoints
from tests import tools
from tests.e2e.cluster import Namespace, sentiment
from tests.e2e.k6_image import k6_archive

pytestmark = pytest.mark.e2e

MODELYARD = str(Path(sys.executable).parent / "modelyard")
_KEPT = r'<script id="data" type="application/json">(.*?)</script>'


@pytest.fixture
def k6_image(target: Target, tmp_path: Path) -> str:
    """Known to the cluster's node."""
    if target.name != "embedded":
        pytest.skip(f"{target.name} pulls grafana/k6; run with CLUSTER=embedded")
    archive = tmp_path / "k6.tar"
    name = k6_archive(Path(tools.k6()), archive)
    run([DEVCLUSTER, "load-image", archive])
    return name


def lines(report: Path) -> Mapping[str, Mapping[str, list[Any]]]:
    """A report's charts: values by title and label."""
    [found] = re.findall(_KEPT, report.read_text(), re.DOTALL)
    return {
        chart["title"]: {line["label"]: line["values"] for line in chart["lines"]}
        for chart in json.loads(found)["charts"]
    }


async def test_a_load_from_within_and_from_outside(
    target: Target, namespace: Namespace, k6_image: str, tmp_path: Path
) -> None:
    run([DEVCLUSTER, "up", "--with", "prometheus"])
    namespace.apply(sentiment(cache={"ttlSeconds": 180, "managed": {}}))
    await namespace.ready()
    url = await namespace.url()

    def decided() -> bool:
        (scaler,) = namespace.list("hpa")
        return (scaler.get("status") or {}).get("desiredReplicas", 0) >= 1

    await namespace.until("the autoscaler has decided", decided)

    async def loadtest(out: Path, *options: str) -> str:
        command = [MODELYARD, "loadtest", "sentiment", "-n", namespace.name, "--short", "--out", str(out)]
        environ = {
            **os.environ,
            "KUBECONFIG": str(target.kubectl.kubeconfig),
            "PATH": f"{Path(tools.k6()).parent}:{os.environ['PATH']}",
        }
        done = await asyncio.to_thread(
            subprocess.run, [*command, *options], env=environ, capture_output=True, text=True, timeout=180
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{namespace.describe()}"
        return done.stdout

    inside, outside = tmp_path / "inside.html", tmp_path / "outside.html"
    told = await loadtest(inside, "--in-cluster", "--k6-image", k6_image)
    assert "failed: 0 (0.00 %)" in told
    assert namespace.list("job", "app.kubernetes.io/name=modelyard-loadtest") == [], "the Job is gone"
    seen = lines(inside)
    assert max(seen["Pods"]["ready"]) >= 1
    assert min(wanted for wanted in seen["Pods"]["wanted"] if wanted is not None) >= 1
    assert max(value for value in seen["CPU"]["in use"] if value is not None) > 0.02
    assert max(value for value in seen["Memory"]["resident"] if value is not None) > 50
    assert max(seen["Cache"]["hits"]) > 80
    assert max(value for value in seen["Cache, by the servers' count"]["hits"] if value is not None) > 80

    told = await loadtest(outside, "--url", url, "--prometheus", endpoints.PROMETHEUS_URL, "--settle", "6")
    assert "failed: 0 (0.00 %)" in told
    seen = lines(outside)
    assert max(seen["Pods"]["ready"]) >= 1
    assert max(seen["CPU"]["in use"]) > 0.02
    assert max(seen["Memory"]["resident"]) > 50
    assert max(value for value in seen["Cache, by the servers' count"]["hits"] if value is not None) > 80
