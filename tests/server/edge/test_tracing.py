"""Trace context in answers and metrics, and spans at a collector."""

from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from modelyard_server.edge.tracing import open_tracing
from tests.server.conftest import Client, Launch
from tests.server.edge.collector import collecting

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
BODY = {"text": ["good film"]}
SERVED = {"namespace": "default", "model": "sentiment", "revision": "r1"}


async def test_a_trace_is_answered_and_sampled_ones_are_exemplars(client: Client) -> None:
    sampled = await client.predict(BODY, headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    other = await client.predict(BODY, headers={"traceparent": f"00-{'1' * 32}-{PARENT}-00"})
    none = await client.predict(BODY, headers={"traceparent": "nonsense"})

    assert TRACE in sampled.headers["traceresponse"]
    assert other.headers["traceresponse"].endswith("-00")
    assert "traceresponse" not in none.headers
    metrics = (await client.get("/metrics", headers={"accept": "application/openmetrics-text"})).text
    assert f'trace_id="{TRACE}"' in metrics
    assert "1" * 32 not in metrics


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"},
    ],
)
def test_without_a_collector_there_are_no_spans(environ: dict[str, str]) -> None:
    assert open_tracing(environ, SERVED) is None


def test_spans_reach_the_collector(sentiment: Path, launch: Launch) -> None:
    with collecting() as collector:
        server = launch(sentiment, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-Id": "mine"}
        answered = httpx.post(f"{server.url}/predict", json=BODY, headers=headers)
        httpx.post(f"{server.url}/predict", json=BODY, headers={"traceparent": f"00-{'1' * 32}-{PARENT}-00"})
        server.terminate()
        assert server.wait() == 0

    spans: list[Span] = []
    names: set[str] = set()
    for path, _, body in collector.posts:
        assert path == "/v1/traces"
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            names |= {
                each.value.string_value for each in resource.resource.attributes if each.key == "service.name"
            }
            spans += [span for scope in resource.scope_spans for span in scope.spans]
    assert names == {"sentiment"}
    # The second request's caller does not record.
    assert {span.trace_id.hex() for span in spans} == {TRACE}
    [root] = [span for span in spans if span.name == "/predict"]
    assert root.parent_span_id.hex() == PARENT
    assert answered.headers["traceresponse"] == f"00-{TRACE}-{root.span_id.hex()}-01"
    attributes = {each.key: each.value for each in root.attributes}
    assert attributes["http.response.status_code"].int_value == 200
    assert attributes["modelyard.request_id"].string_value == "mine"
    stages = [span for span in spans if span is not root]
    # Of a request that comes in one read, admission and reading take no time.
    assert [span.name for span in stages] in (["admit", "read", "parse", "predict"], ["parse", "predict"])
    assert all(span.parent_span_id == root.span_id for span in stages)
    assert root.start_time_unix_nano <= stages[0].start_time_unix_nano + 1000
