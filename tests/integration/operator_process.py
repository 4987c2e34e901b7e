"""An operator in a process of its own."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from tests.control_plane import wait_until
from tests.ports import free_port

_SAMPLE = re.compile(r"^([a-z_]+)(\{[^}]*\})? ([-+0-9.eE]+)$")


class OperatorProcess:
    def __init__(self, kubeconfig: Path, log: Path, environ: dict[str, str]) -> None:
        self.health_port, self.metrics_port = free_port(), free_port()
        self.log = log
        settings = {
            "PATH": os.environ["PATH"],
            "HOME": str(log.parent),
            "MODELYARD_KUBECONFIG": str(kubeconfig),
            "MODELYARD_SERVER_IMAGE": "modelyard-server:test",
            "MODELYARD_CACHE_IMAGE": "valkey:test",
            "MODELYARD_OPERATOR_NAMESPACE": "modelyard-system",
            "MODELYARD_HEALTH_PORT": str(self.health_port),
            "MODELYARD_METRICS_PORT": str(self.metrics_port),
            "MODELYARD_LOG_LEVEL": "debug",
        }
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "modelyard_operator.handlers.main", "run"],
                env=settings | environ,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_ready(self) -> None:
        wait_until(lambda: self.probe("readyz") == 200, "the operator is ready", 60)

    def wait_leading(self) -> None:
        wait_until(lambda: self.metric("modelyard_operator_leader") == 1, "the operator leads", 60)

    def probe(self, path: str) -> int | None:
        self._check()
        try:
            return httpx.get(f"http://127.0.0.1:{self.health_port}/{path}", timeout=5).status_code
        except httpx.TransportError:
            return None

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples of a metric whose labels include these."""
        self._check()
        try:
            text = httpx.get(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5).text
        except httpx.TransportError:
            return 0.0
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        total = 0.0
        for line in text.splitlines():
            sample = _SAMPLE.match(line)
            if sample and sample[1] == name and all(each in (sample[2] or "") for each in wanted):
                total += float(sample[3])
        return total

    def writes(self) -> float:
        return self.metric("modelyard_operator_api_writes_total")

    def passes(self) -> float:
        return self.metric("modelyard_operator_reconciles_total")

    def alive(self) -> bool:
        return self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def terminate(self) -> int:
        self.process.terminate()
        return self.process.wait(30)

    def kill(self) -> None:
        if self.alive():
            self.process.kill()
        self.process.wait()

    def _check(self) -> None:
        if not self.alive():
            raise AssertionError(
                f"the operator ended with {self.process.returncode}:\n{self.log.read_text()[-4000:]}"
            )
