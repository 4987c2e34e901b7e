"""Two revisions, in this process or as processes of their own, and what they count."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.cache.test_live import counted, metrics
from tests.server.conftest import DEADLINE, Client, Launch, RuntimeVolume, Serve, ServerProcess
from tests.server.models import text_model

PAIR = "r1-r2"
ADMIN = {"Authorization": "Bearer letmein"}
TEXTS = ["good film", "bad film", "what a boring film", "awesome"]


@pytest.fixture(scope="session")
def flipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`sentiment` with its labels the other way round."""
    return text_model(tmp_path_factory.mktemp("flipped"), labels=["POSITIVE", "NEGATIVE"])


async def tell(client: Client, role: str | None, **part: Any) -> None:
    body = {"role": role, "pair": PAIR, "sampling": 1.0, "forward": None, **part}
    answer = await client.put("/admin/shadow", json=body, headers=ADMIN)
    assert answer.status_code == 200, answer.text
    assert answer.json() == body


async def ask(client: Client, text: str, name: str | None = None, **headers: str) -> Any:
    if name is not None:
        headers["X-Request-Id"] = name
    answer = await client.predict({"text": [text]}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["predictions"]


async def total(clients: Client | list[Client], name: str, *labels: str) -> float:
    """What pods have counted together."""
    clients = clients if isinstance(clients, list) else [clients]
    return sum([counted(await metrics(client), f"modelyard_shadow_{name}", *labels) for client in clients])


async def reaches(count: float, clients: Client | list[Client], name: str, *labels: str) -> None:
    """Comparisons come after the answers."""
    deadline = time.monotonic() + DEADLINE
    while (found := await total(clients, name, *labels)) < count:
        assert time.monotonic() < deadline, f"{name}{labels} is {found}, not {count}"
        await asyncio.sleep(0.005)
    assert found == count


def flip(before: str, after: str) -> tuple[str, str]:
    """The labels of a flip, for `total`."""
    return f'from_label="{before}"', f'to_label="{after}"'


@pytest.fixture
def candidate(launch: Launch, runtime: RuntimeVolume) -> Callable[..., ServerProcess]:
    def start(model: Path, part: bool = True, **environ: str) -> ServerProcess:
        runtime.write()
        process = launch(
            model,
            MODELYARD_REVISION="r2",
            MODELYARD_RUNTIME_DIR=str(runtime.directory),
            **environ,
        )
        if part:
            body = {"role": "candidate", "pair": PAIR, "sampling": 1.0, "forward": None}
            assert httpx.put(f"{process.url}/admin/shadow", json=body, headers=ADMIN).status_code == 200
        return process

    return start


@asynccontextmanager
async def stable(
    serve: Serve, model: Path, runtime: RuntimeVolume, url: str, percent: float = 100, **settings: Any
) -> AsyncIterator[Client]:
    runtime.write()
    async with serve(model, runtime_dir=runtime.directory, **settings) as client:
        await tell(client, "stable", forward={"url": url, "percent": percent})
        yield client


def answered(process: ServerProcess, *labels: str) -> float:
    return counted(httpx.get(f"{process.url}/metrics").text, "modelyard_requests_total", *labels)
