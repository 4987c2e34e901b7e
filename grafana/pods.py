"""Rows about a deployment's pods: as the servers and the operator tell, as the kubelet does, and the mesh."""

from dataclasses import replace

from grafana import board
from grafana.board import OPERATOR, PODS, RATE, REVISIONS
from grafana.panels import BYTES, COUNT, PER_SECOND, RATIO, RED, SECONDS, YELLOW, Query, Style, graph, row
from grafana.queries import MONEY, cost, process

CPU = process(f'rate(process_cpu_seconds_total{{namespace="$namespace"}}[{RATE}])')
MEMORY = process('process_resident_memory_bytes{namespace="$namespace"}')
SIDECARS = "From the mesh (Istio sidecars)"
"""The one row that may be empty: without Istio's sidecars nobody tells it. A gateway's proxy is none."""
_MESH = (
    'reporter="destination", destination_workload_namespace="$namespace", '
    'destination_workload=~"$deployment-r[a-z2-7]{9}"'
)


def pods() -> list[board.Part]:
    """Pods, their sizes, what they use and what they cost."""
    autoscaler = "max by (bound) (sum by (bound, instance) (modelyard_autoscaler_replicas{{{}}}))"
    chosen = f'{OPERATOR}, revision=~"$revision"'
    request = "scalar(max(modelyard_pod_{}{{{}}}))"
    return [
        row("Pods and scaling"),
        graph(
            "Pods",
            "Pods that each revision is to have and those that are ready, and the autoscaler's bounds and "
            "wish.",
            COUNT,
            Query(f"max by (revision) (modelyard_revision_replicas{{{chosen}}})", "{{revision}} wanted"),
            Query(f"max by (revision) (modelyard_revision_ready_replicas{{{chosen}}})", "{{revision}} ready"),
            Query(autoscaler.format(chosen), "autoscaler {{bound}}"),
        ),
        graph(
            "CPU against the request",
            "What each server process uses, as a share of what its pod requests. The autoscaler holds the "
            "mean "
            "near scaling.cpuUtilization; at the limit the kernel throttles.",
            Style(unit="percentunit", steps=((1, YELLOW),)),
            Query(f"({CPU}) / {request.format('cpu_request_cores', OPERATOR)}", "{{pod}}"),
        ),
        graph(
            "Memory against the request",
            "What each server process holds, as a share of what its pod requests.",
            Style(unit="percentunit", steps=((1, YELLOW),)),
            Query(f"({MEMORY}) / {request.format('memory_request_bytes', OPERATOR)}", "{{pod}}"),
        ),
        graph(
            "CPU",
            "Cores that each server process uses.",
            COUNT,
            Query(CPU, "{{pod}}"),
        ),
        graph(
            "Memory",
            "Bytes that each server process holds.",
            BYTES,
            Query(MEMORY, "{{pod}}"),
        ),
        graph(
            "Cold start",
            "What the newest revision's first ready pod took, stage by stage: to a node (scheduled), to "
            "its images "
            "(pulled), to the model's files (fetched), to the model in memory (loaded), to warm.",
            replace(SECONDS, stack=True),
            Query(
                f'max by (stage) (modelyard_cold_start_seconds{{{OPERATOR}, stage!="total"}})', "{{stage}}"
            ),
        ),
        graph(
            "Start of each pod",
            "Seconds that loading the model and warming up took in each pod.",
            SECONDS,
            Query(f"max by (pod) (modelyard_model_load_seconds{{{REVISIONS}}})", "{{pod}} load"),
            Query(f"max by (pod) (modelyard_model_warm_seconds{{{REVISIONS}}})", "{{pod}} warm-up"),
        ),
        graph(
            "Cost",
            "USD an hour of the pods that are wanted, and of a million items at the present traffic.",
            MONEY,
            Query(cost(), "an hour"),
            Query(
                f"scalar({cost()}) / (sum(rate(modelyard_items_total{{{PODS}}}[{RATE}])) * 3600) * 1000000",
                "a million items",
            ),
        ),
    ]


def _accounted(metric: str, *, counter: bool = True) -> str:
    """What the kernel accounts for by pod: of its server container, else, where names are lost, of all."""
    pods = 'namespace="$namespace", pod=~"$deployment-r[a-z2-7]{9}-.+"'
    series = [f'{metric}{{{pods}, container="{name}"}}' for name in ("server", "")]
    values = [f"rate({each}[{RATE}])" if counter else each for each in series]
    return f"({' or '.join(f'sum by (pod) ({each})' for each in values)})"


def kubelet() -> board.Part:
    """What the kubelet tells of the containers."""
    throttled = _accounted("container_cpu_cfs_throttled_periods_total")
    periods = _accounted("container_cpu_cfs_periods_total")
    return row(
        "From the kubelet (cAdvisor)",
        [
            graph(
                "Throttled",
                "Share of the scheduling periods in which the kernel held a pod back at its CPU limit.",
                replace(RATIO, steps=((0.25, YELLOW), (0.5, RED))),
                Query(f"{throttled} / {periods}", "{{pod}}"),
            ),
            graph(
                "CPU of the container",
                "Cores that the server container uses, as the kernel accounts for them.",
                COUNT,
                Query(_accounted("container_cpu_usage_seconds_total"), "{{pod}}"),
            ),
            graph(
                "Memory of the container",
                "Working set of the server container: what counts against its limit.",
                BYTES,
                Query(_accounted("container_memory_working_set_bytes", counter=False), "{{pod}}"),
            ),
        ],
    )


def mesh() -> board.Part:
    """What the proxies beside the pods tell."""
    return row(
        SIDECARS,
        [
            graph(
                "Requests by code, as the sidecars count",
                "What the proxies beside the pods answered. More than the servers count: proxies answered "
                "by themselves.",
                replace(PER_SECOND, stack=True),
                Query(
                    f"sum by (response_code) (rate(istio_requests_total{{{_MESH}}}[{RATE}]))",
                    "{{response_code}}",
                ),
            ),
            graph(
                "Latency, as the sidecars measure",
                "Quantiles at the proxies beside the pods: the servers' own latency and the proxies'.",
                Style(unit="ms"),
                *(
                    Query(
                        f"histogram_quantile({q}, sum by (le) "
                        f"(rate(istio_request_duration_milliseconds_bucket{{{_MESH}}}[{RATE}])))",
                        f"p{round(q * 100)}",
                    )
                    for q in (0.5, 0.99)
                ),
            ),
        ],
    )
