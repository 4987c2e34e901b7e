"""What `status` prints."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from devcluster.build import KUBERNETES_VERSION
from devcluster.config import NAME, Settings
from devcluster.daemons import Health
from devcluster.extras import EXTRAS


def as_data(settings: Settings, health: Sequence[Health], extras: Sequence[Health]) -> dict[str, object]:
    """The status as plain data."""
    return {
        "healthy": all(item.problem is None for item in (*health, *extras)),
        "components": [asdict(item) for item in health],
        "extras": [
            {"name": item.name, "problem": item.problem, "urls": dict(EXTRAS[item.name].urls)}
            for item in extras
        ],
        "kubernetes": KUBERNETES_VERSION,
        "context": NAME,
        "kubeconfig": str(settings.kubeconfig),
        "api": settings.api_url,
        "node": settings.node_name,
        "store": {
            "url": settings.store_url,
            "serviceUrl": settings.store_service_url,
            "buckets": _buckets(settings),
        },
    }


def show(settings: Settings, health: Sequence[Health], extras: Sequence[Health], *, as_json: bool) -> None:
    """Print the status on standard output."""
    if as_json:
        print(json.dumps(as_data(settings, health, extras), indent=2))
        return
    console = Console(highlight=False, soft_wrap=True)
    table = Table("component", "pid", "health", box=None)
    for item in health:
        table.add_row(item.name, str(item.pid or "-"), item.problem or "ok")
    console.print(table)
    console.print(f"Kubernetes {KUBERNETES_VERSION} at {settings.api_url}, node {settings.node_name}")
    console.print(f"kubeconfig {settings.kubeconfig} (context {NAME})")
    buckets = ", ".join(f"s3://{name}" for name in _buckets(settings)) or "no buckets"
    console.print(f"store      {settings.store_url}, from pods {settings.store_service_url} ({buckets})")
    for item in extras:
        urls = ", ".join(f"{what} {url}" for what, url in EXTRAS[item.name].urls.items())
        console.print(f"{item.name:10} {item.problem or urls}")


def _buckets(settings: Settings) -> list[str]:
    folder = settings.state_dir / "store" / "objects"
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
