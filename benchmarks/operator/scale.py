"""How the operator does with many ModelDeployments present."""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from benchmarks.goal import Goal
from benchmarks.operator.fleet import COLLECTION, Fleet, ready_after, resource, resources, versions
from benchmarks.operator.process import Operator

MERGE = {"Content-Type": "application/merge-patch+json"}
PATIENCE = 1800
"""Seconds for the whole fleet to become Ready, or for a restart to settle."""
CHANGE_PATIENCE = 60
QUIET_SECONDS = 10
REPORT_SECONDS = 10
CREATORS = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `python -m benchmarks operator`."""
    parser.add_argument("--resources", type=int, default=1000, help="ModelDeployments present (1000)")
    parser.add_argument("--changes", type=int, default=200, help="single changes that are timed (200)")
    parser.add_argument(
        "--rest", type=float, default=300, help="seconds at rest over which writes are counted (300)"
    )


def measure(count: int, changes: int, rest: float) -> list[Goal]:
    """Create `count` resources, time `changes` single changes, rest for `rest` seconds, restart."""
    with tempfile.TemporaryDirectory(prefix="modelyard-bench-") as folder:
        say("starting a control plane and kwok nodes")
        fleet = Fleet(Path(folder) / "plane")
        with fleet.running(), fleet.plane.client() as api:
            fleet.install()
            operator = Operator(fleet.kubeconfig, Path(folder) / "operator.log")
            operator.start()
            try:
                run = Run(fleet, operator, api, count)
                return [*run.create(), *run.change(changes), *run.rest(rest), *run.restart()]
            finally:
                operator.stop()


class Run:
    """The parts of one measurement, in order."""

    def __init__(self, fleet: Fleet, operator: Operator, api: httpx.Client, count: int) -> None:
        self._fleet = fleet
        self._operator = operator
        self._api = api
        self._count = count
        self._present = f"{count} present"

    def create(self) -> list[Goal]:
        """All of them at once."""
        say(f"creating {self._count} ModelDeployments")
        begin = time.monotonic()
        pool = ThreadPoolExecutor(CREATORS)
        try:
            for n, answer in enumerate(pool.map(self._post, range(self._count)), 1):
                answer.raise_for_status()
                if n % 100 == 0:
                    say(f"created {n} of {self._count}")
        finally:
            pool.shutdown(cancel_futures=True)
        posted = time.monotonic() - begin
        self._until(lambda: self._ready() == self._count, "Ready", lambda: f"{self._ready()}")
        ready = time.monotonic() - begin
        waits = [wait for item in resources(self._api) if (wait := ready_after(item)) is not None]
        say(
            f"all Ready after {ready:.0f} s; waiting until their cold starts are told, and nothing is written"
        )
        # A minute after a pod that does not answer got ready, the breakdown is written without its word.
        self._until(lambda: self._told() == self._count, "told", lambda: f"{self._told()}")
        self._quiet()
        _, peak = self._operator.memory()
        writes, cpu = self._operator.writes(), self._operator.cpu_seconds()
        return [
            Goal(
                "operator: all created at once, all Ready", ready, "s", None, f"{posted:.0f} s to create them"
            ),
            Goal("operator: created to Ready in that burst, p50", statistics.median(waits), "s"),
            Goal("operator: created to Ready in that burst, p99", p99(waits), "s"),
            Goal("operator: API writes a creation", writes / self._count, "writes"),
            Goal("operator: processor a creation", cpu / self._count, "s"),
            Goal("operator: peak memory while creating", peak, "MiB", 200, f"{self._count} at once"),
        ]

    def change(self, count: int) -> list[Goal]:
        """One after the other."""
        say(f"timing {count} single changes")
        # Seeded: the same resources in every run.
        chosen = random.Random(1)
        times = [self._change(f"fleet-{chosen.randrange(self._count):04d}", n) for n in range(count)]
        self._quiet()
        detail = f"{count} changes, {self._present}"
        return [
            Goal("operator: change to child applied, p50", statistics.median(times), "s", 1.0, detail),
            Goal("operator: change to child applied, p99", p99(times), "s", 1.0, detail),
            Goal("operator: change to child applied, longest", max(times), "s", None, detail),
        ]

    def rest(self, seconds: float) -> list[Goal]:
        """Nothing changes. The pods cannot be told that they serve: nobody listens at their addresses."""
        say(f"counting writes over {seconds:.0f} s at rest")
        operator = self._operator
        stored, writes, passes = versions(self._api), operator.writes(), operator.passes()
        lines, cpu, begin = operator.log_lines(), operator.cpu_seconds(), time.monotonic()
        memory = [operator.memory()[0]]
        while (left := begin + seconds - time.monotonic()) > 0:
            time.sleep(min(left, 1))
            memory.append(operator.memory()[0])
        took = time.monotonic() - begin
        cores = (operator.cpu_seconds() - cpu) / took
        changed = len(set(stored.items()) ^ set(versions(self._api).items()))
        during = f"{took:.0f} s at rest"
        return [
            Goal(f"operator: API writes in {during}", operator.writes() - writes, "writes", 0, self._present),
            Goal(
                f"operator: objects changed in {during}",
                changed,
                "objects",
                0,
                f"of {len(stored)}, Secrets and Events too",
            ),
            Goal("operator: resident memory at rest", max(memory), "MiB", 200, f"highest in {during}"),
            Goal("operator: passes at rest", operator.passes() - passes, "passes", None, during),
            Goal("operator: log lines at rest", operator.log_lines() - lines, "lines", None, during),
            Goal("operator: processor at rest", cores, "cores", None, during),
        ]

    def restart(self) -> list[Goal]:
        """From the start of a new process until it has looked at every resource and has no more to do."""
        say("restarting the operator")
        operator = self._operator
        operator.stop()
        operator.start()

        def settled() -> bool:
            looked = operator.passes() >= self._count
            return looked and operator.metric("modelyard_operator_queue_depth") == 0

        seconds = self._until(settled, "looked at", lambda: f"{operator.passes():.0f} passes")
        now, peak = operator.memory()
        cpu = operator.cpu_seconds()
        return [
            Goal("operator: restart settled", seconds, "s", 30, f"{self._present}, {cpu:.1f} s of processor"),
            Goal("operator: API writes by a restart", operator.writes(), "writes", 0, self._present),
            Goal("operator: peak memory after a restart", peak, "MiB", 200, f"{now:.0f} once settled"),
        ]

    def _post(self, n: int) -> httpx.Response:
        return self._api.post(COLLECTION, json=resource(n))

    def _ready(self) -> int:
        return sum(ready_after(item) is not None for item in resources(self._api))

    def _told(self) -> int:
        return sum("coldStart" in item.get("status", {}) for item in resources(self._api))

    def _change(self, name: str, n: int) -> float:
        """Seconds from the answer to a spec change until the autoscaler shows it."""
        largest = 4 + n % 50
        answer = self._api.patch(
            f"{COLLECTION}/{name}", json={"spec": {"scaling": {"maxReplicas": largest}}}, headers=MERGE
        )
        begin = time.perf_counter()
        stable: Any = answer.raise_for_status().json()["status"]["stableRevision"]
        path = f"/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/{name}-{stable}"
        while self._api.get(path).raise_for_status().json()["spec"]["maxReplicas"] != largest:
            if time.perf_counter() - begin > CHANGE_PATIENCE:
                self._operator.check()
                raise TimeoutError(f"{name}: the change did not reach {path} in {CHANGE_PATIENCE} s")
            time.sleep(0.005)
        return time.perf_counter() - begin

    def _until(self, check: Callable[[], bool], what: str, progress: Callable[[], str]) -> float:
        """Wait until all are `what`, saying how far it is; the seconds that it took.

        Raises:
            TimeoutError: not within PATIENCE.
            RuntimeError: a process that must run has ended.
        """
        begin = said = time.monotonic()
        while not check():
            self._fleet.check()
            self._operator.check()
            now = time.monotonic()
            if now - begin > PATIENCE:
                raise TimeoutError(f"{what}: {progress()} of {self._count} in {PATIENCE} s")
            if now - said > REPORT_SECONDS:
                say(f"{what}: {progress()} of {self._count} after {now - begin:.0f} s")
                said = now
            time.sleep(0.2)
        return time.monotonic() - begin

    def _quiet(self) -> None:
        """Wait until the operator has written nothing for a while."""
        last, since = self._operator.writes(), time.monotonic()
        while time.monotonic() - since < QUIET_SECONDS:
            time.sleep(1)
            now = self._operator.writes()
            if now != last:
                last, since = now, time.monotonic()


def p99(values: list[float]) -> float:
    """The value that 99 of 100 do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[98]


def say(what: str) -> None:
    """Progress on the terminal."""
    print(f"  {what}", flush=True)
