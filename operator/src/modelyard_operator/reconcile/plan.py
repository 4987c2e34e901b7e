"""The plan: a pure function from what is observed to what is to be done."""

from datetime import datetime

from modelyard_operator.reconcile.model import Observed, Plan


def plan(observed: Observed, now: datetime) -> Plan:
    """What to do about one ModelDeployment at `now` (timezone-aware UTC)."""
    raise AssertionError((observed, now))
