"""Operator: whether it works, and how fast."""

from dataclasses import replace
from typing import Any

from grafana import board
from grafana.board import RATE
from grafana.panels import BYTES, COUNT, PER_SECOND, RED, SECONDS, YELLOW, Query, Style, graph, number, row

_JOB = "(count by (namespace, pod, instance) (modelyard_operator_leader) * 0 + 1)"
"""The operator's processes: what a process tells has no label of whose it is."""


def _rate(metric: str, by: str = "") -> str:
    grouping = f" by ({by})" if by else ""
    return f"sum{grouping} (rate({metric}[{RATE}]))"


def _quantile(q: float, metric: str) -> str:
    return f"histogram_quantile({q}, {_rate(f'{metric}_bucket', 'le')})"


def _process(expr: str) -> str:
    return f"{expr} * on (instance) group_left (pod) max by (instance, pod) {_JOB}"


def _state() -> list[board.Part]:
    alarm = Style(steps=((1, RED),))
    return [
        number(
            "Leaders",
            "Must be 1: the one process that works. 0: nobody reconciles; models serve on.",
            Style(steps=()),
            Query("sum(modelyard_operator_leader)", "leaders"),
        ),
        number(
            "Not ready",
            "ModelDeployments whose condition Ready is False.",
            alarm,
            Query('max(modelyard_resources_ready{status="False"})', "not ready"),
        ),
        number(
            "Not judged",
            "ModelDeployments with a change of their spec that the operator has not judged yet.",
            Style(steps=((1, YELLOW),)),
            Query(
                "count(max by (model_namespace, model_name) (modelyard_deployment_generation_lag) > 0) or "
                "vector(0)",
                "behind",
            ),
        ),
        number(
            "Queue",
            "ModelDeployments that wait for a worker.",
            Style(steps=((50, YELLOW), (500, RED))),
            Query("max(modelyard_operator_queue_depth)", "waiting"),
        ),
        number(
            "Errors",
            "Passes a second that ended in a fault of the operator: look at its log.",
            replace(alarm, steps=((0.001, RED),)),
            Query(
                'sum(rate(modelyard_operator_reconciles_total{outcome="error"}[5m])) or vector(0)', "errors"
            ),
        ),
        number(
            "Kinds that can't be had",
            "Kinds that cannot be listed and watched: ordinary for those of routing and monitoring that "
            "the cluster "
            "does without, else RBAC.",
            COUNT,
            Query("count(max by (kind) (modelyard_operator_kind_available) == 0) or vector(0)", "kinds"),
        ),
    ]


def _work() -> list[board.Part]:
    pieces = (
        ("modelyard_operator_reconcile_seconds", "a pass"),
        ("modelyard_operator_plan_seconds", "its plan"),
        ("modelyard_operator_queue_seconds", "waiting for it"),
        ("modelyard_operator_event_to_done_seconds", "from cause to end"),
    )
    return [
        row("Work"),
        graph(
            "Passes by outcome",
            "conflict: the status had changed, planned again. refused: a child was. retry: the API server. "
            "error: a fault.",
            Style(unit="ops"),
            Query(_rate("modelyard_operator_reconciles_total", "outcome"), "{{outcome}}"),
        ),
        graph(
            "Time of a pass, p99",
            "Quantiles interpolated within a bucket.",
            SECONDS,
            *(Query(_quantile(0.99, metric), name) for metric, name in pieces),
        ),
        graph(
            "Time of a pass, p50",
            "Quantiles interpolated within a bucket.",
            SECONDS,
            *(Query(_quantile(0.5, metric), name) for metric, name in pieces),
        ),
        graph(
            "Waiting",
            "ModelDeployments that wait for a worker.",
            COUNT,
            Query("max(modelyard_operator_queue_depth)", "waiting"),
        ),
        graph(
            "Notifications",
            "Messages to people, by outcome, and those under way.",
            COUNT,
            Query(
                f"{_rate('modelyard_operator_notifications_total', 'outcome')} or vector(0)", "{{outcome}}"
            ),
            Query("max(modelyard_operator_notifications_pending)", "under way"),
        ),
        graph(
            "ModelDeployments by phase",
            "Where their rollouts are.",
            replace(COUNT, stack=True),
            Query("max by (phase) (modelyard_resources)", "{{phase}}"),
        ),
    ]


def _api() -> list[board.Part]:
    return [
        row("Dealings with the API server"),
        graph(
            "Writes by kind",
            "At rest there are none: a rate that stays means that somebody else changes the operator's "
            "objects.",
            PER_SECOND,
            Query(_rate("modelyard_operator_api_writes_total", "verb, kind"), "{{verb}} {{kind}}"),
        ),
        graph(
            "Lists and watches",
            "Lists by cause, and watches begun.",
            PER_SECOND,
            Query(_rate("modelyard_operator_lists_total", "cause"), "list: {{cause}}"),
            Query(_rate("modelyard_operator_watch_starts_total"), "watches begun"),
        ),
        graph(
            "Lost events",
            "Objects that a list showed to be other than the watch had told.",
            PER_SECOND,
            Query(f"{_rate('modelyard_operator_list_differences_total', 'kind')} or vector(0)", "{{kind}}"),
        ),
        graph(
            "Writes to the Lease",
            "By outcome; failed ones come before a change of leader.",
            PER_SECOND,
            Query(_rate("modelyard_operator_lease_writes_total", "outcome"), "{{outcome}}"),
        ),
        graph(
            "Kinds that are watched",
            "1 while a kind can be listed and watched.",
            Style(highest=1),
            Query("max by (kind) (modelyard_operator_kind_available)", "{{kind}}"),
        ),
        graph(
            "Objects in memory",
            "By kind.",
            replace(COUNT, stack=True),
            Query("max by (kind) (modelyard_operator_cached_objects)", "{{kind}}"),
        ),
    ]


def _processes() -> list[board.Part]:
    return [
        row("Processes"),
        graph(
            "Leader",
            "1 for the process that holds the Lease.",
            Style(highest=1),
            Query("max by (pod) (modelyard_operator_leader)", "{{pod}}"),
        ),
        graph(
            "CPU",
            "Cores that each process uses.",
            COUNT,
            Query(_process(f"rate(process_cpu_seconds_total[{RATE}])"), "{{pod}}"),
        ),
        graph(
            "Memory",
            "Bytes that each process holds.",
            BYTES,
            Query(_process("process_resident_memory_bytes"), "{{pod}}"),
        ),
    ]


def operations() -> dict[str, Any]:
    """Build it."""
    return board.board(
        "Operator",
        "Whether the operator works: leader, queue, passes, and its dealings with the API server.",
        [],
        [*_state(), *_work(), *_api(), *_processes()],
    )
