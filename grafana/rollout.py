"""Rollout: the candidate beside the stable revision."""

from dataclasses import replace
from typing import Any

from grafana import board
from grafana.board import OPERATOR, PODS, RATE
from grafana.panels import (
    COUNT,
    PER_SECOND,
    RATIO,
    RED,
    SECONDS,
    YELLOW,
    Query,
    Style,
    graph,
    number,
    row,
    rows,
)
from grafana.queries import FAILING, LATE, share

NAMES = "{{state}} {{revision}}"
_ROLES = (
    f"topk by (revision) (1, max by (revision, state) (modelyard_revision_info{{{OPERATOR}, "
    'state=~"Stable|Candidate"}))'
)


def by_role(expr: str) -> str:
    """Values by revision, of the stable revision and the candidate of each moment."""
    return f"({expr}) * on (revision) group_left (state) {_ROLES}"


def rate(metric: str, more: str = "", by: str = "revision") -> str:
    """A counter's rate by revision."""
    return f"sum by ({by}) (rate({metric}{{{', '.join(filter(None, (PODS, more)))}}}[{RATE}]))"


def _quantile(q: float) -> str:
    buckets = rate("modelyard_request_duration_seconds_bucket", 'cached="false"', "revision, le")
    return by_role(f"histogram_quantile({q}, {buckets})")


def _shadow(metric: str, by: str, more: str = "") -> str:
    """Counted by pods of both revisions, so summed over them."""
    return (
        f"sum by ({by}) (rate(modelyard_shadow_{metric}{{{', '.join(filter(None, (PODS, more)))}}}[{RATE}]))"
    )


def _state() -> list[board.Part]:
    return [
        number(
            "Phase",
            "Where the rollout is. `modelyard explain NAME` says in a sentence what it waits for.",
            COUNT,
            Query(f"max by (phase) (modelyard_rollout_phase{{{OPERATOR}}})", "{{phase}}"),
            words=True,
        ),
        number(
            "Stable",
            "The revision that serves.",
            COUNT,
            Query(f"max by (stable) (modelyard_deployment_info{{{OPERATOR}}})", "{{stable}}"),
            words=True,
        ),
        number(
            "Candidate",
            "The revision that is on its way; empty: none is.",
            COUNT,
            Query(
                f'max by (candidate) (modelyard_deployment_info{{{OPERATOR}, candidate!=""}})',
                "{{candidate}}",
            ),
            words=True,
        ),
        number(
            "Step",
            "The step that it is at, from 1; one more than there are: all are done.",
            COUNT,
            Query(f"max(modelyard_rollout_step{{{OPERATOR}}})", "step"),
        ),
        number(
            "Failed analyses",
            "Analyses of this step that failed; at failureLimit the traffic goes back.",
            Style(steps=((1, YELLOW), (2, RED))),
            Query(f"max(modelyard_rollout_failed_analyses{{{OPERATOR}}})", "failed"),
        ),
        number(
            "Last rejected",
            "The revision that was given up last, and why.",
            COUNT,
            Query(
                f"max by (revision, reason) (modelyard_rollout_rejected_timestamp_seconds{{{OPERATOR}}})",
                "{{revision}}: {{reason}}",
            ),
            words=True,
        ),
    ]


def _traffic() -> list[board.Part]:
    weight = f"max by (revision, share) (modelyard_rollout_weight_ratio{{{OPERATOR}}})"
    every = rate("modelyard_requests_total")
    return [
        row("Traffic"),
        graph(
            "Weights",
            "Share of the traffic by revision: desired, and achieved as the pods' own counters have it.",
            RATIO,
            Query(weight, "{{revision}} {{share}}"),
            Query(f"max(modelyard_rollout_shadow_ratio{{{OPERATOR}}})", "copied to the candidate"),
        ),
        graph(
            "Requests",
            "Answers a second of each side; copies to the candidate are among the candidate's where a mesh "
            "mirrors.",
            PER_SECOND,
            Query(by_role(every), NAMES),
        ),
        graph(
            "Ready pods",
            "Of each side. Stable keeps what a full roll-back needs.",
            COUNT,
            Query(by_role(f"max by (revision) (modelyard_revision_ready_replicas{{{OPERATOR}}})"), NAMES),
        ),
    ]


def _sides() -> list[board.Part]:
    every = rate("modelyard_requests_total")
    inference = "modelyard_stage_duration_seconds_{}"
    stage = 'stage="inference"'
    return [
        row("Stable beside candidate"),
        graph(
            "Failed",
            "Share of each side's requests answered with 5xx.",
            Style(unit="percentunit", steps=FAILING),
            Query(by_role(share(rate("modelyard_requests_total", 'code=~"5.."'), every)), NAMES),
        ),
        graph(
            "p50",
            "Half of the requests that the model answered took no longer; cached answers are left out.",
            SECONDS,
            Query(_quantile(0.5), NAMES),
        ),
        graph(
            "p99",
            "99 of 100 requests that the model answered took no longer; cached answers are left out.",
            replace(SECONDS, steps=LATE),
            Query(_quantile(0.99), NAMES),
        ),
        graph(
            "Seconds of a batch in the engine",
            "Mean of the stage inference.",
            SECONDS,
            Query(
                by_role(f"{rate(inference.format('sum'), stage)} / {rate(inference.format('count'), stage)}"),
                NAMES,
            ),
        ),
        graph(
            "Queue",
            "Items that wait for the engine, on the average of a side's pods.",
            COUNT,
            Query(by_role(f"avg by (revision) (modelyard_queue_items{{{PODS}}})"), NAMES),
        ),
        graph(
            "Items a second and pod",
            "What each side's pods do.",
            COUNT,
            Query(
                by_role(
                    rate("modelyard_items_total")
                    + f" / count by (revision) (max by (revision, pod) (modelyard_ready{{{PODS}}}))"
                ),
                NAMES,
            ),
        ),
    ]


def _shadowed() -> list[board.Part]:
    disagreed = _shadow("disagreed_total", "pair, against")
    flips = (
        "sum by (from_label, to_label) "
        f'(increase(modelyard_shadow_flips_total{{{PODS}, against="candidate"}}[$__range]))'
    )
    return [
        row("Shadow: answers compared"),
        graph(
            "Disagreement",
            "Share of the compared items whose answers disagree: with the candidate's, and, as the noise, "
            "of stable "
            "with itself. maxDisagreement is about the first.",
            Style(unit="percentunit", steps=((0.02, YELLOW), (0.05, RED))),
            Query(
                share(disagreed, _shadow("compared_total", "pair, against")), "{{pair}} against {{against}}"
            ),
        ),
        graph(
            "Compared",
            "Items compared a second.",
            COUNT,
            Query(_shadow("compared_total", "pair, against"), "{{pair}} against {{against}}"),
        ),
        graph(
            "How far apart",
            "p95 of the distance of two answers, by measure (a difference of scores, of numbers, 1 - IoU).",
            COUNT,
            Query(
                f"histogram_quantile(0.95, {_shadow('shift_bucket', 'against, measure, le')})",
                "{{measure}} against {{against}}",
            ),
        ),
        graph(
            "Not compared",
            "Requests a second that were to be compared and were not, by reason; docs/shadow.md says what "
            "to do.",
            PER_SECOND,
            Query(_shadow("dropped_total", "reason") + " or vector(0)", "{{reason}}"),
        ),
        rows(
            "Flipped labels",
            "Labels of stable answers and what the candidate gives in their place, in the time shown.",
            [Query(f"topk(20, {flips} > 0)", "Items")],
            labels={"from_label": "Stable", "to_label": "Candidate"},
            width=16,
        ),
    ]


def _judging() -> list[board.Part]:
    return [
        row("Analyses, of all rollouts"),
        graph(
            "Verdicts",
            "Analyses a second by verdict. NoData and Inconclusive hold a rollout, or do what onNoData says.",
            COUNT,
            Query(f"sum by (verdict) (rate(modelyard_operator_analyses_total[{RATE}]))", "{{verdict}}"),
        ),
        graph(
            "Measured rollouts",
            "Rollouts whose pods' counters are read.",
            COUNT,
            Query("max(modelyard_operator_measured_rollouts)", "rollouts"),
        ),
        graph(
            "Reading the counters",
            "p99 seconds of reading the counters of a rollout's pods once, from the pods or from Prometheus.",
            SECONDS,
            Query(
                "histogram_quantile(0.99, sum by (source, le) "
                f"(rate(modelyard_operator_look_seconds_bucket[{RATE}])))",
                "{{source}}",
            ),
        ),
    ]


def rollout() -> dict[str, Any]:
    """Build it."""
    return board.board(
        "Rollout",
        "A candidate beside the stable revision: weights, failures, latency, and what their answers "
        "disagree about.",
        [board.namespace(), board.deployment()],
        [*_state(), *_traffic(), *_sides(), *_shadowed(), *_judging()],
        board.marks(),
    )
