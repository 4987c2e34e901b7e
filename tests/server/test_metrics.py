"""Which requests count as answered from a cache."""

from pathlib import Path

from tests.server.cache.test_live import counted, metrics
from tests.server.conftest import RuntimeVolume, Serve

COUNT = "modelyard_request_duration_seconds_count"


async def test_a_request_is_cached_where_every_item_of_it_was(
    serve: Serve, sentiment: Path, runtime: RuntimeVolume
) -> None:
    runtime.write({"ttlSeconds": 60, "mode": "external"})
    async with serve(sentiment, runtime_dir=runtime.directory) as client:
        for texts in (["good", "bad"], ["good", "bad"], ["good", "boring"], ["boring"]):
            assert (await client.predict({"text": texts})).status_code == 200
        assert (await client.predict({"text": 1})).status_code == 422

        text = await metrics(client)
        assert counted(text, COUNT, 'route="/predict"', 'cached="true"') == 2
        assert counted(text, COUNT, 'route="/predict"', 'cached="false"') == 3
        assert counted(text, "modelyard_requests_total", 'code="200"') == 4
        assert counted(text, "modelyard_requests_total", 'code="422"') == 1


async def test_every_protocol_says_so(serve: Serve, sentiment: Path, runtime: RuntimeVolume) -> None:
    runtime.write({"ttlSeconds": 60, "mode": "external"})
    async with serve(sentiment, runtime_dir=runtime.directory) as client:
        await client.predict({"text": ["good"]})
        await client.post("/v1/models/sentiment:predict", json={"instances": ["good"]})

        assert counted(await metrics(client), COUNT, 'route="/v1/predict"', 'cached="true"') == 1
