"""Options for every test."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="run the long forms (make soak)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Soaks are chosen, never merely skipped; the quick tests come first, the cluster's last."""
    if not config.getoption("--soak"):
        long = [item for item in items if item.get_closest_marker("soak")]
        if long:
            config.hook.pytest_deselected(items=long)
            items[:] = [item for item in items if item not in long]
    items.sort(
        key=lambda item: sum(2**i for i, m in enumerate(("integration", "e2e")) if item.get_closest_marker(m))
    )
