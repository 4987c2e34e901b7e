"""What is asked of a Prometheus, on a real one that has scraped what servers and an operator say."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from modelyard_cli.errors import CliError
from modelyard_cli.loadtest.watch.prometheus import PrometheusWatch, prometheus
from tests import tools
from tests.ports import free_port

# Two pods for a minute, and one of another model beside them.
_STEP = 5
_SECONDS = 60


def exposition(began: int) -> str:
    """OpenMetrics with times, for promtool to make blocks of."""
    families: dict[str, list[str]] = {}

    def add(family: str, name: str, labels: str, value: float, at: int) -> None:
        families.setdefault(family, []).append(f"{name}{{{labels}}} {value} {at}\n")

    for second in range(0, _SECONDS + 1, _STEP):
        at = began + second
        for pod, model in (("a", "sentiment"), ("b", "sentiment"), ("c", "plates")):
            target = f'namespace="team",pod="{pod}",instance="{pod}:8080"'
            own = f'{target},model_name="{model}"'
            add("modelyard_ready", "modelyard_ready", own, 0 if pod == "b" and second < 45 else 1, at)
            add("modelyard_in_flight_requests", "modelyard_in_flight_requests", own, 3, at)
            add("process_resident_memory_bytes", "process_resident_memory_bytes", target, 1000, at)
            add("process_cpu_seconds", "process_cpu_seconds_total", target, 0.5 * second, at)
            add("modelyard_items", "modelyard_items_total", own, 10 * second, at)
            hits = f'{own},level="memory",result="hit"'
            add("modelyard_cache_lookups", "modelyard_cache_lookups_total", hits, 9 * second, at)
        for operator in ("x", "y"):
            desired = (
                f'instance="{operator}:9090",bound="desired",model_name="sentiment",model_namespace="team",'
                'revision="r1"'
            )
            add("modelyard_autoscaler_replicas", "modelyard_autoscaler_replicas", desired, 3, at)
    text = "".join(
        f"# TYPE {family} {'gauge' if lines[0].startswith(family + '{') else 'counter'}\n{''.join(lines)}"
        for family, lines in families.items()
    )
    return f"{text}# EOF\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """A Prometheus that holds it, and when it began."""
    folder = tmp_path_factory.mktemp("prometheus")
    began = int(time.time()) - 3600
    (folder / "metrics.txt").write_text(exposition(began))
    binary = Path(tools.prometheus())
    promtool = str(binary.with_name("promtool"))
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", "metrics.txt", "data"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (folder / "prometheus.yaml").write_text("scrape_configs: []\n")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [
            str(binary),
            f"--config.file={folder / 'prometheus.yaml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                if httpx.get(f"{url}/-/ready").is_success:
                    break
            except httpx.TransportError:
                pass
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        yield url, began
    finally:
        process.terminate()
        process.wait()


def test_samples_are_those_of_the_deployment_alone(served: tuple[str, int]) -> None:
    url, began = served
    watch = prometheus(url, "sentiment", "team")
    [*_, last] = watch.samples(began, began + _SECONDS)
    assert (last.ready, last.desired, last.in_flight, last.memory) == (2, 3, 6, 2000)
    assert last.cpu == pytest.approx(1.0), "two processes at half a core each"
    assert last.hits == pytest.approx(0.9)
    early = next(sample for sample in watch.samples(began, began + _SECONDS) if sample.at == began + 40)
    assert early.ready == 1, "the other was not ready yet"
    assert early.cpu == pytest.approx(1.0), "and worked all the same"


def test_nothing_is_there_for_what_nobody_scrapes(served: tuple[str, int]) -> None:
    url, began = served
    assert PrometheusWatch(url, "nobody", "team").samples(began, began + _SECONDS) == []


def test_one_that_can_not_be_asked_is_said() -> None:
    with pytest.raises(CliError, match="begins with http"):
        prometheus("prometheus:9090", "sentiment", "team")
    with pytest.raises(CliError, match="can't be asked"):
        PrometheusWatch("http://127.0.0.1:1", "sentiment", "team").samples(0, 1)


def test_what_it_refuses_is_said_in_its_own_words(served: tuple[str, int]) -> None:
    with pytest.raises(CliError, match=r"400: .*parse error"):
        PrometheusWatch(served[0], 'sen"timent', "team").samples(0, 1)
