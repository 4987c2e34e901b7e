"""One run: what is asked, of whom, and how k6 is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modelyard_cli.loadtest.payload import Payload
from modelyard_cli.loadtest.scenario import Scenario

TOKEN = "TOKEN"  # noqa: S105 - the name of a variable
"""The variable with the bearer token."""
SHORT_PERIOD = 1
PERIOD = 5
"""Seconds that a point of the report stands for; k6 sorts all that it has measured each time."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A run.

    Attributes:
        scenario: What is asked, when.
        short: Whether it is the scenario's short form.
        target: The API's address, without `/predict`.
        payload: The items; None: k6 draws them.
        cache_rate: Instead of the scenario's; None: the scenario's.
        host: A Host header; None: the address's own.
        token: A bearer token; None: the API wants none.
    """

    scenario: Scenario
    short: bool
    target: str
    payload: Payload | None = None
    cache_rate: float | None = None
    host: str | None = None
    token: str | None = None

    @property
    def period(self) -> int:
        """Seconds that a point stands for."""
        return SHORT_PERIOD if self.short else PERIOD


def arguments(plan: Plan, script: str) -> list[str]:
    """k6's, which then writes what it measures to standard output, a JSON document a line."""
    record = f"web-dashboard=port=-1&period={plan.period}s&tags=stage&record=/dev/stdout"
    return ["run", "--quiet", "--no-summary", "--no-usage-report", "--address", "", "--out", record, script]


def variables(plan: Plan, files: Sequence[str]) -> Mapping[str, str]:
    """What the script reads of its environment.

    Args:
        plan: The run.
        files: The payload's files where k6 runs.
    """
    told = {"TARGET": plan.target, "SCENARIO": plan.scenario.name, "SHORT": "1" if plan.short else "0"}
    if plan.cache_rate is not None:
        told["CACHE_RATE"] = str(plan.cache_rate)
    if plan.host is not None:
        told["HOST"] = plan.host
    if plan.token is not None:
        told[TOKEN] = plan.token
    if plan.payload is not None:
        told[plan.payload.kind.value] = ",".join(files)
    return told
