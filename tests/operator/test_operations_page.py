"""docs/operations.md names every metric and setting as the code has them."""

import re
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from modelyard_operator import handlers
from modelyard_operator.analysis.metrics import ANALYSES
from modelyard_operator.handlers.deployment_metrics import FAMILIES
from modelyard_operator.handlers.metrics import ResourceCollector
from modelyard_operator.kube import metrics

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()


def _settings() -> list[str]:
    assert handlers.__file__
    source = Path(handlers.__file__).with_name("settings.py").read_text()
    return sorted(set(re.findall(r"\"(MODELYARD_[A-Z_]+)\"", source)))


def _metrics() -> list[str]:
    assert metrics.LEADER
    assert ANALYSES
    families = [f for f in REGISTRY.collect() if f.name.startswith("modelyard_operator_")]
    names = [f"{f.name}_total" if f.type == "counter" else f.name for f in families]
    return [*names, *(f.name for f in ResourceCollector(lambda: ()).collect()), *FAMILIES]


@pytest.mark.parametrize("name", [*_settings(), *_metrics()])
def test_the_page_has_it(name: str) -> None:
    assert f"`{name}`" in PAGE
