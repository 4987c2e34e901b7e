"""Queries that more than one dashboard has, and what counts as late or failing."""

from grafana.board import OPERATOR, RATE, REVISIONS
from grafana.panels import RED, YELLOW, Style

LATE = ((0.25, YELLOW), (1.0, RED))
FAILING = ((0.01, YELLOW), (0.05, RED))
ERRORS = Style(unit="percentunit", steps=FAILING)
MONEY = Style(unit="currencyUSD")


def rate(metric: str, more: str = "", by: str = "") -> str:
    """The sum of a counter's rates over pods."""
    grouping = f" by ({by})" if by else ""
    selector = f"{REVISIONS}, {more}" if more else REVISIONS
    return f"sum{grouping} (rate({metric}{{{selector}}}[{RATE}]))"


def quantile(q: float, metric: str, more: str = "", by: str = "") -> str:
    """A quantile over pods, interpolated within a bucket."""
    grouping = f"{by}, le" if by else "le"
    return f"histogram_quantile({q}, {rate(f'{metric}_bucket', more, grouping)})"


def share(part: str, whole: str) -> str:
    """A part of a whole; 0 where the part has no series yet."""
    return f"({part} or {whole} * 0) / {whole}"


def of_revisions(expr: str, pods: str = REVISIONS) -> str:
    """Values by pod, of the chosen revisions' pods alone: what a process tells has no label of the model."""
    chosen = f"max by (namespace, pod, revision) (modelyard_ready{{{pods}}})"
    return f"{expr} * on (namespace, pod) group_left (revision) ({chosen} * 0 + 1)"


def process(expr: str) -> str:
    """What a server's process tells, by pod."""
    return of_revisions(f"max by (namespace, pod) ({expr})")


def cost(operator: str = OPERATOR) -> str:
    """USD an hour: the requests of the pods that are wanted, at the prices of the variables."""
    by = "by (model_namespace, model_name)"
    wanted = f"max by (model_namespace, model_name, revision) (modelyard_revision_replicas{{{operator}}})"
    pods = f"sum {by} ({wanted})"
    cores = f"max {by} (modelyard_pod_cpu_request_cores{{{operator}}})"
    memory = f"max {by} (modelyard_pod_memory_request_bytes{{{operator}}})"
    return f"{pods} * ({cores} * $cpu_price + {memory} / 2^30 * $memory_price)"
