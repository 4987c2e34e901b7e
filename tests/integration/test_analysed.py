"""A candidate is measured by a real operator, from the metrics of its pods, and goes on or back by them."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from prometheus_client import generate_latest

from modelyard_operator.contract import PORT
from modelyard_server.metrics import Metrics
from tests.control_plane import wait_until
from tests.integration.operator_process import OperatorProcess
from tests.integration.resources import apply, get, wait_condition

pytestmark = pytest.mark.integration

NAME = "sentiment"
POD = "127.66.0.1"
"""The address that the first pod of every revision has here."""


@dataclass
class Pod:
    """Answers 100 requests between any two looks, some of them with 500."""

    errors: int = 0
    metrics: Metrics = field(default_factory=lambda: Metrics(NAME, "any"))

    def look(self) -> bytes:
        for number in range(100):
            self.metrics.answered("/predict", 500 if number < self.errors else 200, 0.02, 1)
        return generate_latest(self.metrics.registry)


@contextmanager
def serving(pod: Pod) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply(pod.look())

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.reply(b"{}")

        def reply(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer((POD, PORT), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def rollout(api: httpx.Client, namespace: str) -> dict[str, Any]:
    status: dict[str, Any] = (get(api, "ModelDeployment", namespace, NAME) or {}).get("status", {})
    return status | status.get("rollout", {})


def begin(api: httpx.Client, namespace: str, **analysis: Any) -> str:
    """A rollout to half of the traffic; answers the stable revision."""
    analysis = {"interval": "1s", "minRequests": 20, "failureLimit": 1, **analysis}
    spec: dict[str, Any] = {"rollout": {"steps": [{"weight": 50, "for": "2s"}], "analysis": analysis}}
    apply(api, namespace, spec=spec)
    wait_condition(api, namespace)
    resource = wait_condition(api, namespace, kind="Reconciling", status="False")
    apply(api, namespace, spec={**spec, "server": {"threads": 2}})
    return str(resource["status"]["stableRevision"])


def wait_for(api: httpx.Client, namespace: str, key: str, *values: Any) -> dict[str, Any]:
    try:
        wait_until(lambda: rollout(api, namespace).get(key) in values, f"{key} {values}", 30)
    except TimeoutError as error:
        raise AssertionError(f"{error}: {json.dumps(rollout(api, namespace), indent=1)}") from error
    return rollout(api, namespace)


def test_one_that_errs_goes_back_with_the_reason(
    api: httpx.Client, namespace: str, operator: OperatorProcess
) -> None:
    with serving(Pod(errors=10)):
        stable = begin(api, namespace, maxErrorRate=0.01)
        wait_for(api, namespace, "phase", "Returning")
        found = wait_for(api, namespace, "phase", "Idle")
    assert found["stableRevision"] == stable
    (rejected,) = found["rejected"]
    assert rejected["reason"] == "AnalysisFailed"
    assert "answers were errors (5xx), 10 %: over maxErrorRate, 1 %" in rejected["message"]


def test_one_that_does_well_is_promoted(api: httpx.Client, namespace: str, operator: OperatorProcess) -> None:
    with serving(Pod()):
        stable = begin(api, namespace, maxErrorRate=0.01, maxP99Ms=100)
        wait_until(
            lambda: rollout(api, namespace).get("stableRevision") not in (None, stable), "promotion", 30
        )
    assert not rollout(api, namespace).get("rejected")


def test_one_that_nobody_can_measure_is_held(
    api: httpx.Client, namespace: str, operator: OperatorProcess
) -> None:
    """Its pods answer nothing: time alone promotes nothing, and it is said why."""
    stable = begin(api, namespace, onNoData="pass")

    def is_told() -> bool:
        return "gave no numbers" in rollout(api, namespace).get("message", "")

    wait_until(is_told, "the message", 30)
    found = rollout(api, namespace)
    assert (found["stableRevision"], found["phase"], found["weight"]) == (stable, "Observing", 50)
    assert "1 of 1 pods of revision" in found["message"]
