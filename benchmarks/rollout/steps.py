"""Many rollouts at once: a real API server with Istio's kinds, kwok nodes, and how late steps are left."""

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import httpx
import orjson

from benchmarks.goal import Goal
from benchmarks.operator.fleet import COLLECTION, Fleet, ready_after, resource, resources
from benchmarks.operator.process import Operator
from benchmarks.operator.scale import CREATORS, MERGE, p99, say
from benchmarks.rollout.lateness import Seen, arrivals, lateness, seen_of
from tests.other_kinds import ISTIO

Raw = dict[str, Any]
Writes = Mapping[tuple[str, ...], float]
"""By kind and verb."""

WEIGHTS = (10, 50, 90)
FOR_SECONDS = 20
PATIENCE = 240.0
LOOK_SECONDS = 5.0
"""Between two looks at whether all are there: a look costs the API server what some passes cost."""
WATCH_SECONDS = 10
QUIET_SECONDS = 5.0
OPERATORS = 2
"""Of which one writes."""
GATEWAY = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "Gateway",
    "metadata": {"name": "edge", "namespace": "default"},
    "spec": {
        "selector": {"istio": "ingressgateway"},
        "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}],
    },
}

WHY: Mapping[str, str] = {
    "ModelDeployment": "nothing: the spec and its metadata are the user's",
    "ModelDeployment/status": "the candidate and its pods; each step entered, its traffic seen; promoted",
    "VirtualService": "hosts' and mesh's, at each of the four changes of the split",
    "DestinationRule": "the candidate's comes before its traffic, the former one's goes after it",
    "Deployment": "the candidate's",
    "Deployment/scale": "a side's size, where a step changes it",
    "Service": "the candidate's own, and the switch of the deployment's at promotion",
    "ControllerRevision": "the candidate's spec",
    "HorizontalPodAutoscaler": "of the revision that is promoted",
    "ScaledObject": "in the autoscaler's place, where KEDA scales",
    "InterceptorRoute": "of the stable revision, where its requests are held while it has no pods",
    "ServiceMonitor": "of the deployment, where the Prometheus operator is",
    "PodDisruptionBudget": "the candidate's comes, the former one's goes",
    "NetworkPolicy": "of the deployment",
    "Event": "each decision, told",
    "Secret": "admin token and cache key",
    "ConfigMap": "the cache's settings",
    "ServiceAccount": "of the deployment",
    "Job": "resolves the model's source",
}
"""Kind -> what it is written for in a rollout."""


def measure(count: int) -> list[Goal]:
    """`count` deployments are made, then all are changed at once and watched until all are promoted."""
    with tempfile.TemporaryDirectory(prefix="modelyard-bench-") as folder:
        say("starting a control plane, kwok nodes and two operators")
        fleet = Fleet(Path(folder) / "plane")
        with fleet.running(), fleet.plane.client() as api:
            fleet.install()
            ISTIO.install(fleet.plane)
            gateways = "/apis/networking.istio.io/v1/namespaces/default/gateways"
            api.post(gateways, json=GATEWAY).raise_for_status()
            logs = [Path(folder) / f"operator-{n}.log" for n in range(OPERATORS)]
            operators = [Operator(fleet.kubeconfig, log) for log in logs]
            try:
                for operator in operators:
                    operator.start()
                return _measured(fleet, operators, api, count)
            finally:
                for operator in operators:
                    operator.stop()


def _measured(fleet: Fleet, operators: Sequence[Operator], api: httpx.Client, count: int) -> list[Goal]:
    say(f"creating {count} ModelDeployments")
    _each(count, lambda n: api.post(COLLECTION, json=stepped(n)))

    def all_ready() -> bool:
        return sum(ready_after(item) is not None for item in resources(api)) == count

    _until(all_ready, "all are Ready", fleet, operators)
    _quiet(operators)
    before = [_writes(operator) for operator in operators]
    cpu = sum(operator.cpu_seconds() for operator in operators)
    say(f"changing all of them: {count} rollouts of {len(WEIGHTS)} steps of {FOR_SECONDS} s")
    begin = time.monotonic()
    with fleet.plane.client() as other, Watch(other) as watch:
        _each(count, lambda n: api.patch(f"{COLLECTION}/fleet-{n:04d}", json=change(), headers=MERGE))
        _until(
            lambda: sum(_promoted(item) for item in resources(api)) == count,
            "all are promoted",
            fleet,
            operators,
        )
        took = time.monotonic() - begin
        _quiet(operators)
    after = [_writes(operator) for operator in operators]
    cpu = sum(operator.cpu_seconds() for operator in operators) - cpu
    seen = watch.seen
    writes = list(zip(before, after, strict=True))
    late, moved = lateness(seen, FOR_SECONDS), arrivals(seen, FOR_SECONDS)
    return goals(count, took, late, writes, cpu, moved=moved)


def goals(
    count: int,
    took: float,
    late: Sequence[float],
    writes: Sequence[tuple[Writes, Writes]],
    cpu: float,
    *,
    moved: Sequence[float] = (),
) -> list[Goal]:
    """What was measured, a line each.

    Args:
        count: Rollouts.
        took: Seconds until all were promoted.
        late: Seconds of each step.
        writes: Each operator's writes, before and after.
        cpu: Seconds of processor time.
        moved: Seconds from the end of each step to the next one's traffic.
    """
    grown = [{what: now[what] - then.get(what, 0.0) for what in now} for then, now in writes]
    writers = sum(any(one.values()) for one in grown)
    kinds: dict[str, Counter[str]] = {}
    for one in grown:
        for (kind, verb), number in one.items():
            if number:
                kinds.setdefault(kind, Counter())[verb] += round(number)
    name = f"{count} rollouts at once"
    detail = f"{len(late)} steps of {count} rollouts, {FOR_SECONDS} s each"
    found = [
        Goal(f"{name}: a step left after its time, p99", p99(list(late)), "s", 2.0, detail),
        Goal(f"{name}: a step left after its time, p50", sorted(late)[len(late) // 2], "s"),
        Goal(f"{name}: a step left after its time, longest", max(late), "s"),
        Goal(f"{name}: steps left before their time", sum(value < 0 for value in late), "steps", 0),
        Goal(f"{name}: steps that were seen", len(late), "steps", at_least=count * len(WEIGHTS)),
        Goal(f"{name}: operators that wrote", writers, "", 1, f"of {len(writes)} that ran", at_least=1),
        Goal(
            f"{name}: changed to all promoted",
            took,
            "s",
            detail=f"{len(WEIGHTS) * FOR_SECONDS} s of them are the steps' own",
        ),
        Goal(f"{name}: processor a rollout", cpu / count, "s"),
        Goal(f"{name}: API writes a rollout", sum(each.total() for each in kinds.values()) / count, "writes"),
    ]
    if moved:
        what = f"{name}: from the end of a step to the traffic of the next, p99"
        found.insert(3, Goal(what, p99(list(moved)), "s", detail=f"{len(moved)} of them"))
    for kind, verbs in sorted(kinds.items(), key=lambda item: -item[1].total()):
        each = ", ".join(f"{number / count:g} {verb}" for verb, number in verbs.most_common())
        detail = f"{each}: {WHY.get(kind, 'not foreseen')}"
        found.append(Goal(f"{name}: writes of {kind}", verbs.total() / count, "writes", detail=detail))
    return found


def stepped(n: int) -> Raw:
    """The n-th ModelDeployment, with steps and a host of its own at the gateway."""
    document = resource(n)
    document["spec"] |= {
        "routing": {
            "mode": "istio",
            "hosts": [f"fleet-{n:04d}.localhost"],
            "gateway": {"namespace": "default", "name": "edge"},
        },
        "rollout": {
            "deadline": "10m",
            "steps": [{"weight": weight, "for": f"{FOR_SECONDS}s"} for weight in WEIGHTS],
        },
    }
    return document


def change() -> Raw:
    """What makes a new revision."""
    return {"spec": {"server": {"env": [{"name": "GENERATION", "value": "2"}]}}}


class Watch:
    """Every version of every resource as the API server sends it. What it says is read afterwards."""

    def __init__(self, api: httpx.Client) -> None:
        self._api = api
        self._lines: list[tuple[float, bytes]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def seen(self) -> list[Seen]:
        """What is seen of every rollout, in the order of time."""
        return [seen_of(orjson.loads(line)["object"], at) for at, line in self._lines]

    def _run(self) -> None:
        version = self._api.get(COLLECTION).raise_for_status().json()["metadata"]["resourceVersion"]
        while not self._ended.is_set():
            # A short watch after the other: each ends by itself, and nothing is missed in between.
            parameters = {"watch": "true", "resourceVersion": version, "timeoutSeconds": WATCH_SECONDS}
            with self._api.stream("GET", COLLECTION, params=parameters, timeout=None) as answer:
                rest = b""
                for piece in answer.iter_raw():
                    at = time.time()
                    *lines, rest = (rest + piece).split(b"\n")
                    self._lines += [(at, line) for line in lines]
            if self._lines:
                version = orjson.loads(self._lines[-1][1])["object"]["metadata"]["resourceVersion"]


def _promoted(item: Raw) -> bool:
    status = item.get("status", {})
    history = status.get("rollout", {}).get("history") or [{}]
    done = status.get("rollout", {}).get("phase") == "Idle" and not status.get("candidateRevision")
    return done and len(status.get("revisions", ())) > 1 and history[-1].get("what") == "Promoted"


def _each(count: int, do: Callable[[int], httpx.Response]) -> None:
    with ThreadPoolExecutor(CREATORS) as pool:
        for answer in pool.map(do, range(count)):
            answer.raise_for_status()


def _until(check: Callable[[], bool], what: str, fleet: Fleet, operators: Sequence[Operator]) -> None:
    ends = time.monotonic() + PATIENCE
    while not check():
        fleet.check()
        for operator in operators:
            operator.check()
        if time.monotonic() > ends:
            raise TimeoutError(f"{what}: not within {PATIENCE:g} s")
        time.sleep(LOOK_SECONDS)


def _writes(operator: Operator) -> Writes:
    return operator.by_labels("modelyard_operator_api_writes_total", "kind", "verb")


def _quiet(operators: Sequence[Operator]) -> None:
    """Wait until nothing was written for a while."""
    last, since = -1.0, time.monotonic()
    while time.monotonic() - since < QUIET_SECONDS:
        time.sleep(0.5)
        now = sum(operator.writes() for operator in operators)
        if now != last:
            last, since = now, time.monotonic()
