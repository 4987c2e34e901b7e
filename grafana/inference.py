"""Inference: what one deployment does."""

from dataclasses import replace
from typing import Any

from grafana import board
from grafana.board import REVISIONS
from grafana.panels import COUNT, PER_SECOND, RATIO, RED, SECONDS, Query, Style, graph, number, row
from grafana.pods import kubelet, mesh, pods
from grafana.queries import ERRORS, LATE, MONEY, cost, quantile, rate, share

DURATION = "modelyard_request_duration_seconds"
ALL = rate("modelyard_requests_total")
HITS = rate("modelyard_cache_lookups_total", 'result="hit"')
# An item that memory lacks is looked up in Redis too: hits of both, of the items that memory was asked for.
ASKED = rate("modelyard_cache_lookups_total", 'level="memory"')


def _overview() -> list[board.Part]:
    return [
        number(
            "Requests",
            "Prediction requests answered a second, by any code. Probes and scrapes are no traffic.",
            PER_SECOND,
            Query(ALL, "requests"),
        ),
        number(
            "Failed",
            "Share of the requests answered with 5xx: a full queue (503) among them.",
            ERRORS,
            Query(share(rate("modelyard_requests_total", 'code=~"5.."'), ALL), "5xx"),
        ),
        number(
            "p99",
            "99 of 100 requests that the model answered took no longer. Those that a cache answered are "
            "left out.",
            replace(SECONDS, steps=LATE),
            Query(quantile(0.99, DURATION, 'cached="false"'), "p99"),
        ),
        number(
            "Cache hits",
            "Share of the looked-up items that memory or Redis had.",
            Style(unit="percentunit"),
            Query(share(HITS, ASKED), "hits"),
        ),
        number(
            "Ready pods",
            "Server pods that take traffic, as they say themselves.",
            Style(),
            Query(f"sum(max by (pod) (modelyard_ready{{{REVISIONS}}}))", "ready"),
        ),
        number(
            "Cost of an hour",
            "What the pods that are wanted request, at the prices above. The cache and the network are not "
            "in it.",
            MONEY,
            Query(cost(), "USD an hour"),
        ),
    ]


def _traffic() -> list[board.Part]:
    return [
        row("Traffic"),
        graph(
            "Requests by code",
            "Answers a second. 499: the client went away. 429: over its rate. 503: the queue was full.",
            replace(PER_SECOND, stack=True),
            Query(rate("modelyard_requests_total", by="code"), "{{code}}"),
        ),
        graph(
            "Latency",
            "Quantiles of the requests that the model answered, from the request's head to its answer. Those "
            "that a cache answered are in the next panel.",
            replace(SECONDS, steps=LATE),
            *(Query(quantile(q, DURATION, 'cached="false"'), f"p{round(q * 100)}") for q in (0.5, 0.9, 0.99)),
        ),
        graph(
            "Latency of all requests",
            "Quantiles of every request, answered by a cache or not: what clients see.",
            SECONDS,
            *(Query(quantile(q, DURATION), f"p{round(q * 100)}") for q in (0.5, 0.9, 0.99)),
        ),
        graph(
            "Failed, by revision",
            "Share of a revision's requests answered with 5xx.",
            ERRORS,
            Query(
                share(
                    rate("modelyard_requests_total", 'code=~"5.."', "revision"),
                    rate("modelyard_requests_total", by="revision"),
                ),
                "{{revision}}",
            ),
        ),
        graph(
            "Shed and given up",
            "Requests turned away because the queue was full (503) or the caller was over its rate (429), "
            "and "
            "those whose client went away. Turned away for long: more pods are needed, or larger ones.",
            PER_SECOND,
            Query(rate("modelyard_requests_total", 'code="503"') + " or vector(0)", "shed (503)"),
            Query(rate("modelyard_requests_total", 'code="429"') + " or vector(0)", "over rate (429)"),
            Query(rate("modelyard_dropped_requests_total"), "client went away"),
        ),
        graph(
            "Items",
            "Items answered a second: a request holds one or more of them.",
            COUNT,
            Query(rate("modelyard_items_total", by="revision"), "{{revision}}"),
        ),
    ]


def _batches() -> list[board.Part]:
    stage = "modelyard_stage_duration_seconds"
    batch = "modelyard_batch_items"
    return [
        row("Queue and batches"),
        graph(
            "Queue",
            "Items that wait for the engine, and requests that are being answered, over all pods.",
            COUNT,
            Query(f"sum(modelyard_queue_items{{{REVISIONS}}})", "items that wait"),
            Query(f"sum(modelyard_in_flight_requests{{{REVISIONS}}})", "requests in flight"),
        ),
        graph(
            "Batch",
            "Items that the engine runs together. Near 1 under load: the delay of batching is too short to "
            "matter.",
            COUNT,
            Query(f"{rate(f'{batch}_sum')} / {rate(f'{batch}_count')}", "mean"),
            Query(quantile(0.9, batch), "p90"),
        ),
        graph(
            "Stages",
            "Mean seconds in each stage. Of a request: fetch (pictures by address), cache (asking Redis), "
            "queue; of "
            "a batch: decode, batch, inference, postprocess. Queue above inference: more work than the "
            "pods can do.",
            SECONDS,
            Query(
                f"{rate(f'{stage}_sum', by='stage')} / {rate(f'{stage}_count', by='stage')} >= 0", "{{stage}}"
            ),
        ),
    ]


def _cache() -> list[board.Part]:
    lookups = "modelyard_cache_lookups_total"
    return [
        row("Cache"),
        graph(
            "Hits by level",
            "Share of the items looked up in a level that it had. Redis is asked for what memory lacks.",
            RATIO,
            Query(share(rate(lookups, 'result="hit"', "level"), rate(lookups, by="level")), "{{level}}"),
        ),
        graph(
            "Redis traffic",
            "Bytes of names and values sent to Redis and received from it, as the servers count them.",
            Style(unit="Bps"),
            Query(rate("modelyard_cache_redis_bytes_total", by="direction"), "{{direction}}"),
        ),
        graph(
            "Redis failures",
            "Times a second that Redis did not serve in time, by operation, and pods that leave it alone "
            "for now. "
            "Requests are answered all the same, by the model.",
            Style(steps=((1, RED),)),
            Query(rate("modelyard_cache_errors_total", by="operation"), "{{operation}}"),
            Query(f"sum(modelyard_cache_breaker_open{{{REVISIONS}}})", "pods without Redis"),
        ),
        graph(
            "CPU spared by the cache",
            "Cores that cached answers spare, by what an item has taken the engine of late.",
            COUNT,
            Query(rate("modelyard_cache_saved_cpu_seconds_total"), "cores"),
        ),
    ]


def inference() -> dict[str, Any]:
    """Build it."""
    return board.board(
        "Inference",
        "What one ModelDeployment does: traffic, latency, batches, cache, pods, cost.",
        [board.namespace(), board.deployment(), board.revision(), *board.prices()],
        [*_overview(), *_traffic(), *_batches(), *_cache(), *pods(), kubelet(), mesh()],
        board.marks(),
    )
