"""An operator process, with its own measurements, and others that the benchmark starts."""

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.ports import free_port

END_SECONDS = 30
TAIL = 2000

ENVIRONMENT = {
    "MODELYARD_SERVER_IMAGE": "modelyard-server:bench",
    "MODELYARD_CACHE_IMAGE": "valkey:bench",
    "MODELYARD_OPERATOR_NAMESPACE": "modelyard-system",
    "MODELYARD_LOG_LEVEL": "warning",
}


def end(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    """Ask all of them to end, and see to it."""
    processes = list(processes)
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Operator:
    """One operator process."""

    def __init__(self, kubeconfig: Path, log: Path) -> None:
        self._kubeconfig = kubeconfig
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._health, self._metrics = free_port(), free_port()

    def start(self) -> None:
        """Start; the caller waits for what it should do."""
        environment = {
            **os.environ,
            **ENVIRONMENT,
            "MODELYARD_KUBECONFIG": str(self._kubeconfig),
            "MODELYARD_HEALTH_PORT": str(self._health),
            "MODELYARD_METRICS_PORT": str(self._metrics),
        }
        command = [str(Path(sys.executable).parent / "modelyard-operator"), "run"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def stop(self) -> None:
        """End it, as a kubelet would."""
        if self._process is not None:
            end([self._process])

    def check(self) -> None:
        """It runs.

        Raises:
            RuntimeError: it has ended; with the end of its log.
        """
        if self._process is None or self._process.poll() is not None:
            tail = self._log.read_text(errors="replace")[-TAIL:]
            raise RuntimeError(f"the operator ended:\n{tail}")

    def metric(self, name: str) -> float:
        """The sum of a metric's samples; 0 before the process answers."""
        return sum(sample.value for sample in self._samples(name))

    def by_labels(self, name: str, *labels: str) -> dict[tuple[str, ...], float]:
        """The sums of a metric's samples by some of its labels; none before the process answers."""
        found: defaultdict[tuple[str, ...], float] = defaultdict(float)
        for sample in self._samples(name):
            found[tuple(sample.labels[label] for label in labels)] += sample.value
        return dict(found)

    def _samples(self, name: str) -> list[Sample]:
        self.check()
        try:
            text = httpx.get(f"http://127.0.0.1:{self._metrics}/metrics", timeout=10).text
        except httpx.HTTPError:
            return []
        families = text_string_to_metric_families(text)
        return [sample for family in families for sample in family.samples if sample.name == name]

    def writes(self) -> float:
        """API writes since its start, Lease renewals aside."""
        return self.metric("modelyard_operator_api_writes_total")

    def passes(self) -> float:
        """Looks at a resource since its start."""
        return self.metric("modelyard_operator_reconciles_total")

    def log_lines(self) -> int:
        """Lines logged so far, over all its lives."""
        return self._log.read_bytes().count(b"\n")

    def memory(self) -> tuple[float, float]:
        """Resident memory in MiB: now, and at its highest."""
        self.check()
        status = Path(f"/proc/{self._pid}/status").read_text()
        fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        now, peak = (int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
        return now, peak

    def cpu_seconds(self) -> float:
        """Processor time used, user and system."""
        self.check()
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def _pid(self) -> int:
        if self._process is None:
            raise RuntimeError("the operator is not running")
        return self._process.pid
