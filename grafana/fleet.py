"""Fleet: every deployment at a glance."""

from dataclasses import replace
from typing import Any

from grafana import board
from grafana.board import RATE
from grafana.panels import COUNT, PER_SECOND, RED, SECONDS, YELLOW, Query, Style, graph, number, row, rows
from grafana.queries import FAILING, LATE, cost, share

_PODS = 'namespace=~"$namespace"'
_OPERATOR = 'model_namespace=~"$namespace"'
_KEY = "namespace, model_name"
_OWN_KEY = "model_namespace, model_name"
_NAMES = "{{namespace}}/{{model_name}}"


def _own(expr: str) -> str:
    """What the operator tells, with the label that the pods' series have."""
    return f'label_replace({expr}, "namespace", "$1", "model_namespace", "(.+)")'


def _by_deployment(expr: str) -> str:
    return f"sum by ({_KEY}) ({_own(expr)})"


def _rate(metric: str, more: str = "", by: str = _KEY) -> str:
    return f"sum by ({by}) (rate({metric}{{{', '.join(filter(None, (_PODS, more)))}}}[{RATE}]))"


def _condition(name: str) -> str:
    return f'max by ({_OWN_KEY}) (modelyard_deployment_condition{{{_OPERATOR}, condition="{name}"}})'


_ALL = _rate("modelyard_requests_total")
_FAILED = share(_rate("modelyard_requests_total", 'code=~"5.."'), _ALL)
_LATENCY = (
    "histogram_quantile(0.99, "
    + _rate("modelyard_request_duration_seconds_bucket", 'cached="false"', f"{_KEY}, le")
    + ")"
)
_HITS = share(
    _rate("modelyard_cache_lookups_total", 'result="hit"'),
    _rate("modelyard_cache_lookups_total", 'level="memory"'),
)
_READY_PODS = (
    f"sum by ({_OWN_KEY}) (max by ({_OWN_KEY}, revision) (modelyard_revision_ready_replicas{{{_OPERATOR}}}))"
)
_UNDER_WAY = f'max by ({_OWN_KEY}, phase) (modelyard_rollout_phase{{{_OPERATOR}, phase!~"Idle|Resolving"}})'


def _state() -> list[board.Part]:
    def counted(title: str, text: str, expr: str, style: Style) -> board.Part:
        return number(title, text, style, Query(f"count({expr}) or vector(0)", title))

    alarm = Style(steps=((1, RED),))
    notice = Style(steps=((1, YELLOW),))
    return [
        counted(
            "ModelDeployments",
            "All of the chosen namespaces.",
            f"max by ({_OWN_KEY}) (modelyard_deployment_info{{{_OPERATOR}}})",
            COUNT,
        ),
        counted("Not ready", "Nothing serves.", f"{_condition('Ready')} == 0", alarm),
        counted(
            "Stalled",
            "Something must be mended before they go on; the message of Stalled says what.",
            f"{_condition('Stalled')} == 1",
            alarm,
        ),
        counted("Rollouts", "Candidates on their way.", _UNDER_WAY, COUNT),
        counted(
            "Sources drifted",
            "The source has moved since the revision that serves was made; `modelyard refresh` takes it up.",
            f"{_condition('SourceDrifted')} == 1",
            notice,
        ),
        number(
            "Cost of an hour",
            "What all their pods request, at the prices above.",
            Style(unit="currencyUSD"),
            Query(f"sum({cost(_OPERATOR)})", "USD an hour"),
        ),
    ]


def _table() -> board.Part:
    address = (
        "/d/modelyard-inference?var-datasource=${datasource}&var-namespace=${__data.fields.Namespace}"
        "&var-deployment=${__data.fields.Deployment}&${__url_time_range}"
    )
    return rows(
        "Every deployment",
        "Now. A name leads to its Inference dashboard.",
        [
            Query(_by_deployment(_condition("Ready")), "Ready"),
            Query(_by_deployment(_READY_PODS), "Pods"),
            Query(_ALL, "Requests", "reqps"),
            Query(_FAILED, "Failed", "percentunit"),
            Query(_LATENCY, "p99", "s"),
            Query(_HITS, "Cache hits", "percentunit"),
            Query(_by_deployment(cost(_OPERATOR)), "An hour", "currencyUSD"),
        ],
        labels={"namespace": "Namespace", "model_name": "Deployment"},
        links={"model_name": address},
    )


def _graphs() -> list[board.Part]:
    return [
        row("Traffic"),
        graph(
            "Requests",
            "The ten deployments with the most.",
            replace(PER_SECOND, stack=True),
            Query(f"topk(10, {_ALL})", _NAMES),
        ),
        graph(
            "Failed",
            "Share answered with 5xx: the ten worst.",
            Style(unit="percentunit", steps=FAILING),
            Query(f"topk(10, {_FAILED})", _NAMES),
        ),
        graph(
            "p99",
            "Of the requests that the model answered: the ten slowest.",
            replace(SECONDS, steps=LATE),
            Query(f"topk(10, {_LATENCY})", _NAMES),
        ),
        row("Pods and cost"),
        graph(
            "Ready pods",
            "The ten deployments with the most.",
            replace(COUNT, stack=True),
            Query(f"topk(10, {_by_deployment(_READY_PODS)})", _NAMES),
        ),
        graph(
            "Cost of an hour",
            "The ten dearest.",
            Style(unit="currencyUSD", stack=True),
            Query(f"topk(10, {_by_deployment(cost(_OPERATOR))})", _NAMES),
        ),
        graph(
            "Rollouts by phase",
            "ModelDeployments by phase of their rollout.",
            replace(COUNT, stack=True),
            Query(
                f"count by (phase) (max by ({_OWN_KEY}, phase) (modelyard_rollout_phase{{{_OPERATOR}}}))",
                "{{phase}}",
            ),
        ),
    ]


def fleet() -> dict[str, Any]:
    """Build it."""
    return board.board(
        "Fleet",
        "Every ModelDeployment: ready or not, traffic, failures, cost.",
        [board.namespaces(), *board.prices()],
        [*_state(), row("Deployments"), _table(), *_graphs()],
    )
