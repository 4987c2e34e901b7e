"""`python -m monitoring [FILE]`: write rules.yaml as a PrometheusRule."""

import sys
from pathlib import Path
from typing import Any

import yaml

RULES = Path(__file__).with_name("rules.yaml")
WRAPPED = RULES.with_name("prometheusrule.yaml")
_ORIGIN = "# Made from rules.yaml by `make dashboards`.\n"


def groups() -> list[dict[str, Any]]:
    """The groups of rules."""
    found: list[dict[str, Any]] = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return found


def prometheus_rule() -> str:
    """The same for the Prometheus operator."""
    manifest = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "modelyard", "labels": {"app.kubernetes.io/part-of": "modelyard"}},
        "spec": {"groups": groups()},
    }
    return _ORIGIN + yaml.safe_dump(manifest, sort_keys=False, width=110)


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else WRAPPED).write_text(prometheus_rule(), encoding="utf-8")
