"""What all dashboards have in common: variables, links between them, marks of rollouts, and their JSON."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model

from grafana.panels import SOURCE

TAG = "modelyard"
PODS = 'namespace="$namespace", model_name="$deployment"'
"""Selects the server pods of the deployment."""
REVISIONS = f'{PODS}, revision=~"$revision"'
"""Selects those of the chosen revisions."""
OPERATOR = 'model_namespace="$namespace", model_name="$deployment"'
"""Selects what the operator tells of the deployment."""
RATE = "$__rate_interval"

Part = Builder[model.Panel] | dashboard.Row
Variable = Builder[model.VariableModel]


def source() -> Variable:
    """Which Prometheus."""
    return dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus")


def _labels(name: str, label: str, query: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query(query)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
    )


def _every(variable: dashboard.QueryVariable) -> dashboard.QueryVariable:
    everything = model.VariableOption(selected=True, text="All", value="$__all")
    return variable.multi(True).include_all(True).all_value(".+").current(everything)


def namespace() -> Variable:
    """One namespace that has deployments."""
    return _labels("namespace", "Namespace", "label_values(modelyard_deployment_info, model_namespace)")


def namespaces() -> Variable:
    """Some of them, or all."""
    query = "label_values(modelyard_deployment_info, model_namespace)"
    return _every(_labels("namespace", "Namespace", query))


def deployment() -> Variable:
    """One deployment of the namespace."""
    query = 'label_values(modelyard_deployment_info{model_namespace="$namespace"}, model_name)'
    return _labels("deployment", "Deployment", query)


def revision() -> Variable:
    """Some of its revisions, or all."""
    return _every(_labels("revision", "Revision", f"label_values(modelyard_ready{{{PODS}}}, revision)"))


def prices() -> tuple[Variable, ...]:
    """What an hour costs: of a core, and of a GiB of memory."""
    return (
        dashboard.TextBoxVariable("cpu_price")
        .label("Price of a core-hour")
        .description("What a core costs for an hour; the default is about a cloud's price on demand in USD.")
        .default_value("0.04"),
        dashboard.TextBoxVariable("memory_price")
        .label("of a GiB-hour")
        .description("What a GiB of memory costs for an hour.")
        .default_value("0.005"),
    )


def _mark(name: str, expr: str, color: str, title: str) -> dict[str, Any]:
    """Marks at the times that a metric tells, not at those of its samples."""
    built = (
        dashboard.AnnotationQuery()
        .name(name)
        .datasource(SOURCE)
        .enable(True)
        .icon_color(color)
        .expr(f"{expr} * 1000")
        .build()
    )
    # Of the Prometheus data source alone, so the library does not know them.
    return built.to_json() | {"useValueForTime": "on", "titleFormat": title, "step": "30s"}


def marks() -> list[dict[str, Any]]:
    """When rollouts began, ended well and were given up."""
    metric = "modelyard_rollout_{}_timestamp_seconds"
    grouped = "max by (revision{}) ({}{{{}}})"

    def expr(what: str, more: str = "") -> str:
        return grouped.format(more, metric.format(what), OPERATOR)

    return [
        _mark("Rollout started", expr("started"), "blue", "{{revision}} started"),
        _mark("Promoted", expr("promoted"), "green", "{{revision}} promoted"),
        _mark("Rejected", expr("rejected", ", reason"), "red", "{{revision}} rejected: {{reason}}"),
    ]


def board(
    title: str,
    text: str,
    variables: Sequence[Variable],
    parts: Sequence[Part],
    annotations: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """One dashboard, as Grafana imports it."""
    built = (
        dashboard.Dashboard(f"Modelyard / {title}")
        .uid(f"modelyard-{title.lower()}")
        .description(text)
        .tags([TAG])
        .time("now-1h", "now")
        .refresh("30s")
        .timezone("browser")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .link(
            dashboard.DashboardLink("Modelyard")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .include_vars(True)
            .keep_time(True)
        )
        .variables([source(), *variables])
    )
    for part in parts:
        if isinstance(part, dashboard.Row):
            built.with_row(part)
        else:
            built.with_panel(part)
    found: dict[str, Any] = json.loads(JSONEncoder().encode(built.build()))
    found["annotations"] = {"list": list(annotations)}
    found["annotations"] = json.loads(JSONEncoder().encode(found["annotations"]))
    for number, panel in enumerate(panels(found), start=1):
        panel["id"] = number
    return found


def panels(dashboard_json: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every panel of a dashboard, rows and what is in them too."""
    for panel in dashboard_json["panels"]:
        yield panel
        yield from panel.get("panels") or ()


def text(dashboard_json: dict[str, Any]) -> str:
    """A dashboard as its file holds it."""
    return json.dumps(dashboard_json, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
