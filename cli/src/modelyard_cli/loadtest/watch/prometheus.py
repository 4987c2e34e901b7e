"""A deployment as a Prometheus has seen it."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelyard_cli.errors import CliError
from modelyard_cli.loadtest.address import is_address
from modelyard_cli.loadtest.asking import Unanswered, ask
from modelyard_cli.loadtest.watch.sample import Sample

STEP = 5
"""Seconds between two values."""
_PATIENCE = 20.0
_OK = 200


@dataclass(frozen=True, slots=True)
class PrometheusWatch:
    """Asks a Prometheus when the load is over.

    Attributes:
        url: Its address.
        name: The ModelDeployment.
        namespace: Its namespace.
        window: Seconds that a rate is taken over; two scrapes must fall into it.
    """

    url: str
    name: str
    namespace: str
    window: int = 30

    @property
    def source(self) -> str:
        """Where it looks."""
        return f"Prometheus at {self.url}"

    @property
    def trouble(self) -> str:
        """Nothing that would not be raised."""
        return ""

    def look(self) -> None:
        """Nothing: Prometheus looks."""

    def samples(self, began: float, ended: float) -> list[Sample]:
        """What Prometheus has between two moments.

        Raises:
            CliError: It can't be asked, or refuses a query.
        """
        found = {
            field: self._range(query, began, ended)
            for field, query in queries(self.name, self.namespace, self.window).items()
        }
        moments = sorted({at for values in found.values() for at in values})
        return [Sample(at=at, **{field: values.get(at) for field, values in found.items()}) for at in moments]

    def _range(self, query: str, began: float, ended: float) -> Mapping[float, float]:
        form = {"query": query, "start": began, "end": ended, "step": STEP}
        try:
            answer = ask(f"{self.url.rstrip('/')}/api/v1/query_range", form=form, patience=_PATIENCE)
            body = json.loads(answer.body) if answer.status == _OK else None
        except (Unanswered, ValueError) as error:
            raise CliError(f"Prometheus at {self.url} can't be asked: {error}") from None
        if body is None:
            raise CliError(f"Prometheus at {self.url}: {answer.status}: {answer.body[:300]!r}")
        return values(body)


def values(body: Mapping[str, Any]) -> dict[float, float]:
    """The one series of an answer; empty where there is none."""
    series = body["data"]["result"]
    if not series:
        return {}
    read = ((float(at), float(value)) for at, value in series[0]["values"])
    return {at: value for at, value in read if not math.isnan(value)}


def queries(name: str, namespace: str, window: int) -> dict[str, str]:
    """By the field of a sample; all but the autoscaler's need only the servers' own metrics."""
    of = f'model_name="{name}",namespace="{namespace}"'
    # The process's metrics know nothing of models: they are found by the pod that has both.
    pods = f"on (namespace, pod) group_left () (0 * max by (namespace, pod) (modelyard_ready{{{of}}}) + 1)"
    lookups = f"rate(modelyard_cache_lookups_total{{{of}"
    hits = f'sum({lookups},result="hit"}}[{window}s]))'
    items = f"sum(rate(modelyard_items_total{{{of}}}[{window}s]))"
    # The operator tells it; else kube-state-metrics, where there is one.
    told = (
        "max(sum by (instance) (modelyard_autoscaler_replicas"
        f'{{bound="desired",model_name="{name}",model_namespace="{namespace}"}}))'
    )
    state = (
        "sum(kube_horizontalpodautoscaler_status_desired_replicas"
        f'{{namespace="{namespace}",horizontalpodautoscaler=~"(keda-hpa-)?{name}-r[0-9a-z]+"}})'
    )
    return {
        "ready": f"sum(modelyard_ready{{{of}}})",
        "desired": f"{told} or {state}",
        "cpu": f"sum(rate(process_cpu_seconds_total[{window}s]) * {pods})",
        "memory": f"sum(process_resident_memory_bytes * {pods})",
        "in_flight": f"sum(modelyard_in_flight_requests{{{of}}})",
        "hits": f"{hits} / ({items} > 0)",
    }


def prometheus(url: str, name: str, namespace: str) -> PrometheusWatch:
    """Make one.

    Raises:
        CliError: The address is none of HTTP.
    """
    if not is_address(url):
        raise CliError(f"--prometheus {url}: an address that begins with http:// or https:// is needed")
    return PrometheusWatch(url, name, namespace)
