"""Panels as the dashboards have them: a title, what it means, a unit, and queries with their legends."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")

GREEN, YELLOW, RED, BLUE = "green", "yellow", "red", "blue"
_WHOLE = 24
"""Columns of the grid."""


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a panel.

    Attributes:
        expr: PromQL, with Grafana's variables.
        legend: The name of its series; in a table, of its column.
        unit: In a table, the unit of its column.
    """

    expr: str
    legend: str
    unit: str = "short"


Step = tuple[float, str]
"""From this value on, that colour."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a panel shows its values.

    Attributes:
        unit: As Grafana names it.
        steps: Colours from values on; what is below the first is green.
        highest: The end of the axis; None: it follows the data.
        stack: Put series on top of each other.
        width: Columns of 24.
    """

    unit: str = "short"
    steps: tuple[Step, ...] = ()
    highest: float | None = None
    stack: bool = False
    width: int = 8


RATIO = Style(unit="percentunit", highest=1)
SECONDS = Style(unit="s")
BYTES = Style(unit="bytes")
COUNT = Style()
PER_SECOND = Style(unit="reqps")


def _thresholds(steps: Sequence[Step], base: str = GREEN) -> dashboard.ThresholdsConfig:
    found = [model.Threshold(value=None, color=base)]
    found += [model.Threshold(value=value, color=color) for value, color in steps]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(found)


def graph(title: str, text: str, style: Style, *queries: Query) -> timeseries.Panel:
    """Lines over time."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(text)
        .datasource(SOURCE)
        .unit(style.unit)
        .min(0)
        .span(style.width)
        .height(8)
        .line_width(1)
        .fill_opacity(25 if style.stack else 8)
        .show_points(common_model.VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .display_mode(common_model.LegendDisplayMode.LIST)
            .placement(common_model.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(
            common.VizTooltipOptions()
            .mode(common_model.TooltipDisplayMode.MULTI)
            .sort(common_model.SortOrder.DESCENDING)
        )
        .thresholds(_thresholds(style.steps))
        .targets(list(_targets(queries)))
    )
    if style.highest is not None:
        panel.axis_soft_max(style.highest)
    if style.steps:
        dashed = common_model.GraphThresholdsStyleMode.DASHED
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(dashed))
    if style.stack:
        panel.stacking(common.StackingConfig().mode(common_model.StackingMode.NORMAL))
    return panel


def number(title: str, text: str, style: Style, query: Query, *, words: bool = False) -> stat.Panel:
    """One number, or with `words` the labels of the series: now."""
    modes = common_model.BigValueTextMode
    last = common.ReduceDataOptions().calcs(["lastNotNull"])
    return (
        stat.Panel()
        .title(title)
        .description(text)
        .datasource(SOURCE)
        .unit(style.unit)
        .span(replace(style, width=4).width if style.width == Style().width else style.width)
        .height(4)
        .text_mode(modes.NAME if words else modes.AUTO)
        .color_mode(common_model.BigValueColorMode.NONE if words else common_model.BigValueColorMode.VALUE)
        .graph_mode(common_model.BigValueGraphMode.NONE if words else common_model.BigValueGraphMode.AREA)
        .reduce_options(last)
        .thresholds(_thresholds(style.steps))
        .targets(list(_targets((query,))))
    )


def rows(
    title: str,
    text: str,
    queries: Sequence[Query],
    *,
    labels: dict[str, str],
    links: dict[str, str] | None = None,
    width: int = _WHOLE,
) -> table.Panel:
    """A table, a row for each set of labels and a column for each query.

    Args:
        title: Of the panel.
        text: What it means.
        queries: Of the columns, all with the same labels.
        labels: The columns' headings by label.
        links: Addresses by label.
        width: Columns of 24.
    """
    values = {_value(index, queries): query for index, query in enumerate(queries)}
    names = labels | {column: query.legend for column, query in values.items()}
    order = {name: index for index, name in enumerate(names)}
    panel = (
        table.Panel()
        .title(title)
        .description(text)
        .datasource(SOURCE)
        .span(width)
        .height(8)
        .targets(list(_targets(queries, instant=True)))
        .with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(
            model.DataTransformerConfig(
                id_val="organize",
                options={"excludeByName": {"Time": True}, "indexByName": order, "renameByName": names},
            )
        )
    )
    for query in queries:
        panel.override_by_name(query.legend, [model.DynamicConfigValue("unit", query.unit)])
    for label, url in (links or {}).items():
        link = {"title": "Open", "url": url}
        panel.override_by_name(labels[label], [model.DynamicConfigValue("links", [link])])
    return panel


def row(title: str, panels: Iterable[Builder[model.Panel]] = ()) -> dashboard.Row:
    """A row; with panels it is folded up, and they are in it."""
    found = dashboard.Row(title)
    inside = list(panels)
    if inside:
        found.collapsed(True)
        for panel in inside:
            found.with_panel(panel)
    return found


def _value(index: int, queries: Sequence[Query]) -> str:
    """The name that Grafana gives to a query's values."""
    return f"Value #{_ref(index)}" if len(queries) > 1 else "Value"


def _ref(index: int) -> str:
    return chr(ord("A") + index)


def _targets(queries: Iterable[Query], *, instant: bool = False) -> Iterable[prometheus.Dataquery]:
    for index, query in enumerate(queries):
        target = prometheus.Dataquery().expr(query.expr).legend_format(query.legend).ref_id(_ref(index))
        target.datasource(SOURCE)
        yield target.instant().format(PromQueryFormat.TABLE) if instant else target.range()
