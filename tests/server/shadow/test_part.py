"""What the operator may say of a comparison."""

from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import Client, RuntimeVolume, Serve
from tests.server.shadow.conftest import ADMIN, PAIR, tell

STABLE = {"role": "stable", "pair": PAIR, "sampling": 1}


async def test_a_pod_takes_no_part_until_it_is_told(
    serve: Serve, sentiment: Path, runtime: RuntimeVolume
) -> None:
    runtime.write()
    async with serve(sentiment, runtime_dir=runtime.directory) as client:
        assert client.service.edge.shadow is None
        assert "modelyard_shadow" not in (await client.get("/metrics")).text
        await tell(client, "stable")
        assert client.service.edge.shadow is not None
        assert "modelyard_shadow_compared_total" in (await client.get("/metrics")).text
        await tell(client, None, pair=None)
        assert client.service.edge.shadow is None


async def test_it_needs_the_token(serve: Serve, sentiment: Path, runtime: RuntimeVolume) -> None:
    runtime.write()
    async with serve(sentiment, runtime_dir=runtime.directory) as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            answer = await client.put("/admin/shadow", json=STABLE, headers=headers)
            assert answer.status_code == 401
        assert client.service.edge.shadow is None


async def test_without_a_token_the_route_is_closed(client: Client) -> None:
    assert (await client.put("/admin/shadow", json=STABLE, headers=ADMIN)).status_code == 403


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"role": "both"}, "role"),
        ({"role": "stable", "pair": None}, "pair"),
        ({"pair": "a:b"}, "pair"),
        ({"pair": "r" * 131}, "pair"),
        ({"sampling": 1.5}, "sampling"),
        ({"sampling": "NaN"}, "sampling"),
        ({"role": "candidate", "forward": {"url": "http://x:1", "percent": 1}}, "forward"),
        ({"forward": {"url": "http://x:1", "percent": 101}}, "percent"),
        ({"forward": {"url": "ftp://x", "percent": 1}}, "url"),
        ({"forward": {"url": "http://user:secret@x", "percent": 1}}, "url"),
        ({"forward": {"url": "http://x/predict", "percent": 1}}, "url"),
        ({"forward": {"url": "http://x:1?a=b", "percent": 1}}, "url"),
        ({"forward": {"url": "http://x:99999", "percent": 1}}, "url"),
        ({"forward": {"url": "http://x\r\nHost: y", "percent": 1}}, "url"),
        ({"forward": {"url": "http://", "percent": 1}}, "url"),
        ({"extra": 1}, "extra"),
    ],
)
async def test_what_is_wrong_is_named_and_changes_nothing(
    serve: Serve, sentiment: Path, runtime: RuntimeVolume, part: dict[str, Any], field: str
) -> None:
    runtime.write()
    async with serve(sentiment, runtime_dir=runtime.directory) as client:
        await tell(client, "stable")
        before = client.service.shadow.part

        answer = await client.put("/admin/shadow", json={**STABLE, **part}, headers=ADMIN)

        assert answer.status_code == 422
        assert field in answer.text
        assert client.service.shadow.part == before
