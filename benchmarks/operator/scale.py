"""How the operator does with many ModelDeployments present."""

import random
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from benchmarks.goal import Goal
from benchmarks.operator.fleet import COLLECTION, Fleet, Operator, resource, until

MERGE = {"Content-Type": "application/merge-patch+json"}
PATIENCE = 1800
QUIET_SECONDS = 10


def measure(resources: int, changes: int, rest: float) -> list[Goal]:
    """Create `resources`, time `changes` single ones, count writes over `rest` seconds, restart."""
    with tempfile.TemporaryDirectory(prefix="modelyard-bench-") as folder:
        fleet = Fleet(Path(folder) / "plane")
        with fleet.running(), fleet.plane.client() as api:
            fleet.install()
            operator = Operator(fleet.plane.kubeconfig(), Path(folder) / "operator.log")
            operator.start()
            try:
                return _measure(fleet, operator, api, resources=resources, changes=changes, rest=rest)
            finally:
                operator.stop()


def _measure(
    fleet: Fleet, operator: Operator, api: httpx.Client, *, resources: int, changes: int, rest: float
) -> list[Goal]:
    say(f"creating {resources} ModelDeployments")
    begin = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        for answer in pool.map(lambda n: api.post(COLLECTION, json=resource(n)), range(resources)):
            answer.raise_for_status()
    until(lambda: ready(fleet, api) == resources, "all are Ready", PATIENCE)
    created = time.monotonic() - begin
    say(f"all Ready after {created:.0f} s; waiting for rest")
    quiet(operator)
    _, peak = operator.memory()

    say(f"timing {changes} single changes")
    # Seeded: the same resources in every run.
    chosen = random.Random(1)
    times = [change(api, f"fleet-{chosen.randrange(resources):04d}", n) for n in range(changes)]
    quiet(operator)

    say(f"counting writes over {rest:.0f} s at rest")
    before = operator.metric("modelyard_operator_api_writes_total")
    time.sleep(rest)
    writes = operator.metric("modelyard_operator_api_writes_total") - before
    resident, _ = operator.memory()

    say("restarting the operator")
    operator.stop()
    operator.start()
    settled = until(
        lambda: (
            operator.metric("modelyard_operator_reconciles_total") >= resources
            and operator.metric("modelyard_operator_queue_depth") == 0
        ),
        "every resource was looked at",
        PATIENCE,
    )
    restart_writes = operator.metric("modelyard_operator_api_writes_total")
    count = f"{resources} resources"
    centiles = statistics.quantiles(times, n=100, method="inclusive")
    return [
        Goal("operator: change to child applied, p50", statistics.median(times), "s", 1.0, count),
        Goal("operator: change to child applied, p99", centiles[98], "s", 1.0, f"{changes} changes, {count}"),
        Goal(f"operator: API writes in {rest:.0f} s at rest", writes, "writes", 0, count),
        Goal("operator: resident memory at rest", resident, "MiB", 200, count),
        Goal(
            "operator: peak memory while creating", peak, "MiB", 200, f"{count} Ready after {created:.0f} s"
        ),
        Goal("operator: restart settled", settled, "s", 30, f"{count}, {restart_writes:.0f} writes"),
    ]


def ready(fleet: Fleet, api: httpx.Client) -> int:
    """How many are Ready for their present generation."""
    return sum(
        condition["type"] == "Ready" and condition["status"] == "True"
        for item in fleet.resources(api)
        for condition in item.get("status", {}).get("conditions", [])
    )


def change(api: httpx.Client, name: str, n: int) -> float:
    """Seconds from the answer to a spec change until the autoscaler shows it."""
    largest = 4 + n % 50
    answer = api.patch(
        f"{COLLECTION}/{name}", json={"spec": {"scaling": {"maxReplicas": largest}}}, headers=MERGE
    )
    begin = time.perf_counter()
    stable: Any = answer.raise_for_status().json()["status"]["stableRevision"]
    path = f"/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/{name}-{stable}"
    while api.get(path).json()["spec"]["maxReplicas"] != largest:
        if time.perf_counter() - begin > 60:
            raise TimeoutError(f"{name}: the change did not reach {path} within 60 s")
        time.sleep(0.005)
    return time.perf_counter() - begin


def quiet(operator: Operator) -> None:
    """Wait until the operator has written nothing for a while."""
    last = operator.metric("modelyard_operator_api_writes_total")
    since = time.monotonic()
    while time.monotonic() - since < QUIET_SECONDS:
        time.sleep(1)
        now = operator.metric("modelyard_operator_api_writes_total")
        if now != last:
            last, since = now, time.monotonic()


def say(what: str) -> None:
    """Progress on the terminal."""
    print(f"  {what}", flush=True)
