"""A real Prometheus of the test's own, on a free port."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.control_plane import wait_until
from tests.ports import free_port
from tests.tools import prometheus


@contextmanager
def running(
    folder: Path,
    targets: Mapping[str, Mapping[str, str]],
    web: Mapping[str, Any] | None = None,
    **client: Any,
) -> Iterator[str]:
    """Its address, once it answers.

    Args:
        folder: for its data.
        targets: what it scrapes, and the labels that each gets.
        web: its web configuration: TLS, users.
        client: of httpx, to see whether it is there.
    """
    static = [{"targets": [target], "labels": dict(labels)} for target, labels in targets.items()]
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [{"job_name": "pods", "static_configs": static}],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    (folder / "web.yml").write_text(yaml.safe_dump(dict(web or {})))
    scheme, host = ("https" if web and "tls_server_config" in web else "http"), f"127.0.0.1:{free_port()}"
    with (folder / "prometheus.log").open("w") as log:
        process = subprocess.Popen(
            [
                prometheus(),
                f"--config.file={folder / 'prometheus.yml'}",
                f"--web.config.file={folder / 'web.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={host}",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        with httpx.Client(base_url=f"{scheme}://{host}", **client) as http:
            wait_until(lambda: _is_up(http), "Prometheus", 30)
        yield f"{scheme}://{host}"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _is_up(http: httpx.Client) -> bool:
    try:
        return http.get("/-/ready").status_code == 200
    except httpx.TransportError:
        return False


def value(address: str, promql: str) -> float | None:
    """What a query gives."""
    answer = httpx.get(f"{address}/api/v1/query", params={"query": promql})
    result = json.loads(answer.content)["data"]["result"]
    return float(result[0]["value"][1]) if result else None
