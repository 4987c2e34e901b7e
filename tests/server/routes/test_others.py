"""Probes, metrics, documentation and the admin route."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.server.conftest import Client, RuntimeVolume, Serve


async def test_ready_before_the_model_is_up(serve: Serve, sentiment: Path) -> None:
    async with serve(sentiment, start=False) as client:
        ready = await client.get("/ready")

        assert ready.status_code == 503
        assert ready.json() == {
            "ready": False,
            "state": "loading",
            "model": "sentiment",
            "revision": "r1",
            "task": None,
            "loadSeconds": None,
            "warmSeconds": None,
        }
        assert (await client.get("/health")).status_code == 200


async def test_metrics_parse_and_name_model_and_revision(client: Client) -> None:
    await client.predict({"text": ["good", "bad"]})
    response = await client.get("/metrics")

    families = {family.name: family for family in text_string_to_metric_families(response.text)}
    for name in (
        "modelyard_requests",
        "modelyard_request_duration_seconds",
        "modelyard_stage_duration_seconds",
        "modelyard_items",
        "modelyard_dropped_requests",
        "modelyard_cache_lookups",
        "modelyard_cache_errors",
        "modelyard_cache_breaker_open",
        "modelyard_in_flight_requests",
        "modelyard_queue_items",
        "modelyard_ready",
        "modelyard_model_load_seconds",
        "modelyard_model_warm_seconds",
    ):
        samples = families[name].samples
        assert samples, name
        assert all(sample.labels["model_name"] == "sentiment" for sample in samples)
        assert all(sample.labels["revision"] == "r1" for sample in samples)
    assert families["modelyard_in_flight_requests"].samples[0].value == 0
    assert families["modelyard_ready"].samples[0].value == 1
    assert families["modelyard_model_load_seconds"].samples[0].value > 0


async def test_openmetrics_for_who_asks(client: Client) -> None:
    response = await client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})

    assert response.headers["content-type"].startswith("application/openmetrics-text")
    assert response.text.endswith("# EOF\n")


async def test_docs_need_no_network(client: Client) -> None:
    page = await client.get("/docs")

    assert page.status_code == 200
    assert "://" not in page.text.replace("http://www.w3.org", "")
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"):
        assert asset in page.text
        assert (await client.get(f"/docs/assets/{asset}")).status_code == 200


async def test_the_documented_example_works(serve: Serve, sentiment: Path, linear: Path) -> None:
    for directory, paths in ((sentiment, 1), (linear, 2)):
        async with serve(directory) as client:
            schema = (await client.get("/openapi.json")).json()
            operation = schema["paths"]["/predict"]["post"]
            examples = operation["requestBody"]["content"]["application/json"]["examples"]
            assert len(examples) == paths
            for example in examples.values():
                response = await client.predict(example["value"])
                assert response.status_code == 200, response.text
            assert "/v2/models/sentiment/infer" in schema["paths"]


async def test_documentation_before_the_model_is_up_is_not_kept(serve: Serve, sentiment: Path) -> None:
    async with serve(sentiment, start=False) as client:
        assert "/predict" not in (await client.get("/openapi.json")).json()["paths"]
        await client.service.start()
        assert "/predict" in (await client.get("/openapi.json")).json()["paths"]


async def test_serving_needs_the_token(serve: Serve, sentiment: Path, runtime: RuntimeVolume) -> None:
    runtime.write()
    async with serve(sentiment, runtime_dir=runtime.directory) as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic letmein"}):
            refused = await client.put("/admin/serving", json={"serving": False}, headers=headers)
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"] == "Bearer"
        assert client.service.lifecycle.serving

        headers = {"Authorization": "Bearer letmein"}
        wrong = await client.put("/admin/serving", json={"serving": "no"}, headers=headers)
        assert wrong.status_code == 422
        told = await client.put("/admin/serving", json={"serving": False}, headers=headers)
        assert told.status_code == 200
        assert told.json() == {**(await client.get("/ready")).json(), "serving": False}
        assert client.service.policy.closing


async def test_without_a_token_the_admin_routes_are_closed(client: Client) -> None:
    response = await client.put(
        "/admin/serving", json={"serving": False}, headers={"Authorization": "Bearer None"}
    )

    assert response.status_code == 403


async def test_an_unknown_path(client: Client) -> None:
    assert (await client.get("/nothing")).status_code == 404
