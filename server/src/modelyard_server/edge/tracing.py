"""OpenTelemetry: a span a request, exported by OTLP over HTTP when the usual variables name a collector.

https://opentelemetry.io/docs/specs/otel/protocol/exporter/
"""

import time
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from modelyard_server.edge.exchange import Exchange
from modelyard_server.edge.trace import Trace

VARIABLES: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""Either turns tracing on; `OTEL_SDK_DISABLED=true` turns it off again."""


class Tracing:
    """Makes spans; the library's own thread exports them, and drops what it can't.

    Args:
        provider: The library's tracer provider.
    """

    def __init__(self, provider: Any) -> None:
        from opentelemetry import trace  # noqa: PLC0415 - 10 MB that only who traces needs

        self._api = trace
        self._provider = provider
        self._tracer = provider.get_tracer("modelyard")

    def begin(self, exchange: Exchange) -> None:
        """Begin a request's span; its trace is handed on with it as the parent."""
        api, parent = self._api, exchange.trace
        context = None
        if parent is not None:
            remote = api.SpanContext(
                trace_id=int(parent.trace_id, 16),
                span_id=int(parent.parent_id, 16),
                is_remote=True,
                trace_flags=api.TraceFlags(int(parent.sampled)),
            )
            context = api.set_span_in_context(api.NonRecordingSpan(remote))
        # The names are those of https://opentelemetry.io/docs/specs/semconv/http/http-spans/
        span = self._tracer.start_span(
            exchange.route,
            context=context,
            kind=api.SpanKind.SERVER,
            attributes={
                "http.route": exchange.route,
                "client.address": exchange.peer,
                "modelyard.request_id": exchange.request_id.decode(),
            },
        )
        own = span.get_span_context()
        exchange.span = span
        exchange.stages = [("", time.time())]
        exchange.trace = Trace(f"{own.trace_id:032x}", f"{own.span_id:016x}", own.trace_flags.sampled)

    def end(self, exchange: Exchange, status: int, items: int) -> None:
        """End a request's span.

        Args:
            exchange: The request.
            status: The answer's HTTP status.
            items: Items answered.
        """
        span = exchange.span
        if span.is_recording():
            span.set_attributes(
                {
                    "http.response.status_code": status,
                    "modelyard.items": items,
                    "modelyard.cached": exchange.cached,
                }
            )
            if status >= 500:
                span.set_status(self._api.StatusCode.ERROR)
            context = self._api.set_span_in_context(span)
            stages = exchange.stages or []
            for (_, began), (name, ended) in pairwise(stages):
                inner = self._tracer.start_span(name, context=context, start_time=int(began * 1e9))
                inner.end(int(ended * 1e9))
        span.end()

    def close(self) -> None:
        """Export what waits, and end; blocks."""
        self._provider.shutdown()


def open_tracing(environ: Mapping[str, str], served: Mapping[str, str]) -> Tracing | None:
    """Make what the environment asks for; None: it names no collector.

    Args:
        environ: The process' environment; the library reads its other variables itself.
        served: What answers: `namespace`, `model` and `revision`.
    """
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or not any(map(environ.get, VARIABLES)):
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    described = {
        "service.namespace": served["namespace"],
        "service.version": served["revision"],
        "k8s.namespace.name": served["namespace"],
    }
    if not environ.get("OTEL_SERVICE_NAME"):
        described["service.name"] = served["model"]
    provider = TracerProvider(resource=Resource.create(described), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracing(provider)
