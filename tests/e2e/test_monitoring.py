"""Every panel of the dashboards has data: its query is asked of a Prometheus that scraped the cluster."""

import asyncio
import json
import math
import os
import time
from collections.abc import Iterable
from pathlib import Path

import httpx
import pytest

from demo.rollout import NEXT, WORSE, variants
from demo.shell import stream
from demo.targets.base import Target
from demo.targets.embedded import DEVCLUSTER
from devcluster.endpoints import PROMETHEUS_URL
from tests.e2e.cluster import Namespace, Resource, condition
from tests.e2e.load import load
from tests.e2e.test_rollout import generation, promoted
from tests.grafana.queries import VARIABLES, Asked, filled

pytestmark = pytest.mark.e2e

STEP = 2
"""Seconds between two values, as often as the cluster's Prometheus scrapes."""
PATIENCE = 30.0
"""Seconds until what has happened has been scraped."""
RECORD = "MODELYARD_RECORD_PANELS"
"""Names a file for the answers, from which `python -m grafana.pictures` draws."""

ROLLOUT = {
    "deadline": "3m",
    "steps": [{"shadow": {"percent": 100, "for": "12s"}}, {"weight": 50, "for": "8s"}],
    "analysis": {
        "interval": "4s",
        "minRequests": 20,
        "maxDisagreement": 0.05,
        "failureLimit": 1,
        "compare": {"latency": False, "maxMoreErrors": 0.2},
    },
}

Answers = dict[Asked, list[Resource]]


@pytest.fixture
def prometheus(target: Target, namespace: Namespace, tmp_path: Path) -> None:
    """A Prometheus that scrapes the cluster, pods with sidecars, and versions of the example's model."""
    if target.name != "embedded":
        pytest.skip(f"{target.name} brings no Prometheus and no Istio; run with CLUSTER=embedded")
    stream([DEVCLUSTER, "up", "--with", "prometheus,sidecars"])
    namespace.kubectl("label", "namespace", namespace.name, "istio-injection=enabled")
    namespace.apply(target.store(variants(tmp_path)))


@pytest.mark.usefixtures("prometheus")
async def test_every_panel_has_data(namespace: Namespace) -> None:
    begin = time.time()
    namespace.apply(serving("sentiment"))
    first = await promoted(namespace)
    async with load(await namespace.url(), keep_alive=3, fresh=1) as seen:
        await asyncio.to_thread(namespace.apply, serving(NEXT))
        second = await promoted(namespace, other_than=first)
        await asyncio.to_thread(namespace.apply, serving(WORSE))
        stalled = await namespace.until(
            "the worse one is given up",
            lambda: (c := condition(namespace.mdep(), "Stalled"))["status"] == "True" and c,
            within=180,
        )
        # Under load still: what is asked of the last seconds has an answer while there is traffic.
        found = await told(namespace.name, begin)
    assert seen.failures == []
    assert "maxDisagreement" in stalled["message"]
    assert set(seen.revisions) == {first, second}, "the worse one answered nobody"
    assert lacking(found) == []
    sides = {series["metric"]["revision"] for series in of_panel(found, "rollout", "Requests")}
    assert {first, second} <= sides, "stable and candidate side by side"
    flips = [
        (series["metric"]["from_label"], series["metric"]["to_label"])
        for series in of_panel(found, "rollout", "Flipped labels")
    ]
    assert ("NEGATIVE", "POSITIVE") in flips, "labels that are swapped are named"


def serving(model: str) -> Resource:
    resource = generation(
        1,
        routing={"mode": "replicas"},
        rollout=ROLLOUT,
        cache={"managed": {}},
        monitoring={"slo": {"availability": 0.99, "latency": {"withinMs": 500, "share": 0.9}}},
    )
    resource["spec"]["model"]["uri"] = f"s3://models/{model}"
    return resource


async def told(namespace: str, begin: float) -> Answers:
    """What each query gave from then until now, once all have given something or the patience is over."""
    patience = time.monotonic() + PATIENCE
    while True:
        found = await asyncio.to_thread(answers, namespace, begin, time.time())
        if file := os.environ.get(RECORD):
            record(Path(file), found)
        if not lacking(found) or time.monotonic() > patience:
            return found
        await asyncio.sleep(STEP)


def answers(namespace: str, begin: float, end: float) -> Answers:
    """What each query gave in that time."""
    shown = {"$__rate_interval": "30s", "$__range": f"{math.ceil(end - begin)}s", "$namespace": namespace}
    found = {}
    with httpx.Client(base_url=PROMETHEUS_URL, timeout=30) as client:
        for query, expr in filled({**VARIABLES, **shown}):
            start = end if query.is_instant else begin
            form = {"query": expr, "start": start, "end": end, "step": STEP}
            answer = client.post("/api/v1/query_range", data=form).json()
            assert answer["status"] == "success", f"{query}: {answer['error']}\n{expr}"
            found[query] = [series for series in answer["data"]["result"] if is_told(series)]
    return found


def is_told(series: Resource) -> bool:
    """Whether a series has a number: what is divided by no traffic has none."""
    return any(math.isfinite(float(value)) for _, value in series["values"])


def lacking(found: Answers) -> list[str]:
    """The queries that gave nothing."""
    return [str(query) for query, several in found.items() if not several]


def of_panel(found: Answers, board: str, panel: str) -> Iterable[Resource]:
    for query, several in found.items():
        if (query.board, query.panel) == (board, panel):
            yield from several


def record(file: Path, found: Answers) -> None:
    """Keep the answers."""
    kept = [
        {"board": query.board, "panel": query.panel, "legend": query.legend, "series": several}
        for query, several in found.items()
    ]
    file.write_text(json.dumps(kept))
