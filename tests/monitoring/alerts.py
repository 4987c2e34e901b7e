"""For each alert: series with which it must fire, and series with which it must not."""

from dataclasses import dataclass, field

Series = dict[str, str]
"""Values in promtool's notation by series, one a minute."""

MODEL = 'model_namespace="ml",model_name="a",namespace="modelyard-system",pod="operator"'
POD = 'namespace="ml",model_name="a",revision="r1",pod="a-1"'
LABELS = {"namespace": "ml", "model_name": "a"}
OBJECTIVE = f'modelyard_slo_objective_ratio{{{MODEL},slo="%s"}}'
LONG = 24 * 60


@dataclass(frozen=True)
class Case:
    """Attributes:
    severity: The alert's.
    fires: With these it fires.
    silent: With each of these it does not.
    labels: What it says besides its name and severity.
    at: When, in minutes.
    every: Between two looks at the rules, in promtool's notation; under the five minutes for which a sample
        counts, as a look may have what the look before recorded.
    """

    severity: str
    fires: Series
    silent: tuple[Series, ...]
    labels: dict[str, str] = field(default_factory=lambda: dict(LABELS))
    at: int = 40
    every: str = "1m"


def condition(name: str, values: str) -> Series:
    return {f'modelyard_deployment_condition{{{MODEL},condition="{name}"}}': values}


def phase(name: str, values: str = "1x2000") -> Series:
    return {f'modelyard_rollout_phase{{{MODEL},phase="{name}"}}': values}


def requests(**by_code: int) -> Series:
    """Requests a minute by code, as c200=99."""
    return {
        f'modelyard_requests_total{{{POD},route="/predict",code="{code[1:]}"}}': f"0+{count}x{LONG}"
        for code, count in by_code.items()
    }


def durations(fast: int, slow: int, bound: str = "0.5", cached: str = "false") -> Series:
    """Requests a minute within the bound, and beyond it but within 10 s."""
    labels = f'{POD},route="/predict",cached="{cached}"'
    name = "modelyard_request_duration_seconds"
    return {
        f'{name}_bucket{{{labels},le="{bound}"}}': f"0+{fast}x{LONG}",
        f'{name}_bucket{{{labels},le="10.0"}}': f"0+{fast + slow}x{LONG}",
        f'{name}_bucket{{{labels},le="+Inf"}}': f"0+{fast + slow}x{LONG}",
        f"{name}_count{{{labels}}}": f"0+{fast + slow}x{LONG}",
    }


def availability(objective: float) -> Series:
    return {OBJECTIVE % "availability": f"{objective}x{LONG}"}


def latency(objective: float, bound: str = "0.5") -> Series:
    return {(OBJECTIVE % "latency").replace("}", f',le="{bound}"}}'): f"{objective}x{LONG}"}


def autoscaler(minimum: int, maximum: int, desired: int | None = None, size: int = 1) -> Series:
    """With what it wants, or as one that has not told it, for which its size stands."""
    bounds = {"minimum": minimum, "maximum": maximum} | ({"desired": desired} if desired else {})
    told = {
        f'modelyard_autoscaler_replicas{{{MODEL},revision="r1",bound="{bound}"}}': f"{replicas}x60"
        for bound, replicas in bounds.items()
    }
    return told | {f'modelyard_revision_replicas{{{MODEL},revision="r1"}}': f"{size}x60"}


def rejected(at: int) -> Series:
    labels = f'{MODEL},revision="r2",reason="AnalysisFailed"'
    return {f"modelyard_rollout_rejected_timestamp_seconds{{{labels}}}": f"{at}x200"}


READY = {f'modelyard_revision_ready_replicas{{{MODEL},revision="r1"}}': "2x60"}
SCRAPED = {f"modelyard_ready{{{POD}}}": "1x60"}
LEADER = 'modelyard_operator_leader{namespace="modelyard-system",pod="%s"}'
BREAKER = f"modelyard_cache_breaker_open{{{POD}}}"
ERRORS = 'modelyard_operator_reconciles_total{namespace="modelyard-system",outcome="%s"}'

CASES = {
    "ModelyardAvailabilityBurnsFast": Case(
        "critical",
        requests(c200=980, c500=20) | availability(0.999),
        (
            requests(c200=990, c500=5) | availability(0.999),  # 5 times the budget: not fast
            requests(c200=980, c500=20),  # no objective
            requests(c200=980, c400=20) | availability(0.999),  # the caller's fault
        ),
        at=90,
    ),
    "ModelyardAvailabilityBurnsSlowly": Case(
        "warning",
        requests(c200=995, c500=5) | availability(0.999),
        (requests(c200=100000, c500=50) | availability(0.999), requests(c200=1000) | availability(0.999)),
        at=300,
        every="4m",
    ),
    "ModelyardLatencyBurnsFast": Case(
        "critical",
        durations(80, 20) | latency(0.99),
        (
            durations(95, 5) | latency(0.99),
            durations(80, 20),
            durations(80, 20, bound="1.0") | latency(0.5, "1.0"),
        ),
        at=90,
    ),
    "ModelyardLatencyBurnsSlowly": Case(
        "warning", durations(95, 5) | latency(0.99), (durations(995, 5) | latency(0.99),), at=300, every="4m"
    ),
    "ModelyardNotReady": Case(
        "critical",
        condition("Ready", "0x60"),
        (condition("Ready", "1x60"), condition("Ready", "1x36 0x3 1x20")),
        LABELS | {"condition": "Ready"},
    ),
    "ModelyardStalled": Case(
        "warning",
        condition("Stalled", "1x60"),
        (condition("Stalled", "0x60"), condition("Ready", "1x60")),
        LABELS | {"condition": "Stalled"},
    ),
    "ModelyardErrorRate": Case(
        "critical",
        requests(c200=90, c500=6, c503=4),
        (requests(c200=96, c500=4), requests(c200=90, c422=10)),
    ),
    "ModelyardLatency": Case(
        "warning",
        durations(90, 10),
        (durations(1000, 1), durations(0, 100, cached="true") | durations(1000, 1)),
    ),
    "ModelyardQueueSheds": Case(
        "warning", requests(c200=97, c503=3), (requests(c200=970, c503=5), requests(c200=90, c500=10))
    ),
    "ModelyardAutoscalerAtMaximum": Case(
        "warning",
        autoscaler(1, 3, 3),
        (
            autoscaler(1, 3, 2),
            autoscaler(3, 3, 3),
            autoscaler(1, 3, 2, size=3),  # it shrinks
            autoscaler(0, 3, size=2),
            autoscaler(3, 3, size=3),
        ),
        LABELS | {"revision": "r1"},
    ),
    "ModelyardCacheDown": Case("warning", {BREAKER: "1x60"}, ({BREAKER: "0x60"}, {BREAKER: "0x38 1x1 0x20"})),
    "ModelyardSourceDrifted": Case(
        "info",
        condition("SourceDrifted", "1x200"),
        (condition("SourceDrifted", "0x200"), condition("SourceDrifted", "0x100 1x100")),
        LABELS | {"condition": "SourceDrifted"},
        at=120,
    ),
    "ModelyardRolloutStuck": Case(
        "warning",
        phase("Progressing"),
        (
            phase("Observing"),
            phase("Idle"),
            phase("Progressing", "1x20 _x200") | phase("Shifting", "_x20 1x200"),
        ),
        LABELS | {"phase": "Progressing"},
    ),
    "ModelyardRolloutRejected": Case(
        "warning",
        rejected(0),
        (rejected(-3600),),
        LABELS | {"revision": "r2", "reason": "AnalysisFailed"},
    ),
    "ModelyardApprovalWaits": Case(
        "info",
        phase("AwaitingApproval"),
        (phase("Observing"), phase("AwaitingApproval", "_x200 1x2000")),
        LABELS | {"phase": "AwaitingApproval"},
        at=LONG + 20,
        every="4m",
    ),
    "ModelyardNotScraped": Case("warning", READY, (READY | SCRAPED, SCRAPED)),
    "ModelyardOperatorDown": Case(
        "critical",
        {LEADER % "a": "0x60"},
        ({LEADER % "a": "0x60", LEADER % "b": "1x60"}, {LEADER % "a": "1x36 0x2 1x20"}),
        {},
    ),
    "ModelyardOperatorBehind": Case(
        "critical",
        {f"modelyard_deployment_generation_lag{{{MODEL}}}": "1x60"},
        ({f"modelyard_deployment_generation_lag{{{MODEL}}}": "0x60"},),
    ),
    "ModelyardOperatorErrors": Case(
        "warning",
        {ERRORS % "error": "0+1x60"},
        ({ERRORS % "error": "5x60", ERRORS % "done": "0+9x60"},),
        {"namespace": "modelyard-system"},
    ),
}
