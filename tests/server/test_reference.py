"""docs/server.md names every metric, variable and limit as the code has them."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from modelyard_server import contract, settings
from modelyard_server.fetch import settings as fetch_settings
from modelyard_server.metrics import Metrics

PAGE = (Path(__file__).parents[2] / "docs" / "server.md").read_text()
NAMES = [
    value
    for module in (contract, settings, fetch_settings)
    for name, value in vars(module).items()
    if name.startswith("ENV_")
]


def _metrics() -> list[str]:
    registry = CollectorRegistry()
    Metrics("model", "r1", registry)
    families = [family for family in registry.collect() if family.name.startswith("modelyard_")]
    return [f"{family.name}_total" if family.type == "counter" else family.name for family in families]


@pytest.mark.parametrize("name", [*NAMES, *_metrics()])
def test_the_page_has_it(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (settings.Settings.max_items, "items in a request | 1,000"),
        (settings.Settings.max_item_bytes, "bytes of one text (UTF-8) | 100,000"),
        (settings.DEFAULT_MAX_BATCH, "items in one call of the engine | 32"),
        (settings.Settings.max_pixels, "pixels of a picture | 50,000,000"),
        (settings.Settings.max_queue, "items that wait for the engine | 4,096"),
    ],
)
def test_the_page_has_the_limits(limit: int, words: str) -> None:
    assert f"{limit:,}" in words
    assert words in PAGE
