"""What holds for every test."""

import logging
import signal
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog
from hypothesis import HealthCheck, settings

CLUSTER_SECONDS = 1800
"""A test of the cluster may wait for programs that are compiled from nothing."""

# How long an example takes says how busy the machine is.
settings.register_profile("modelyard", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("modelyard")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="run the long forms (make soak)")


def pytest_itemcollected(item: pytest.Item) -> None:
    """How a test is run.

    What a cluster of many processes did once on two busy cores may be chance: its tests have a second try,
    which the summary counts. Unit tests have none.

    Where pytest-xdist runs several processes, a module's tests stay together; those that need an API server
    are one group, and those of the one cluster another.
    """
    needs = _needs(item)
    if needs is not None:
        item.add_marker(pytest.mark.flaky(reruns=1))
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(CLUSTER_SECONDS))
    item.add_marker(pytest.mark.xdist_group(needs or str(item.path.relative_to(item.config.rootpath))))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Soaks are chosen, never merely skipped.

    The API server's group comes first: it takes long and mostly waits, which leaves the processors to the
    unit tests beside it. The cluster's comes last, when nothing is left to run beside it.
    """
    if not config.getoption("--soak"):
        long = [item for item in items if item.get_closest_marker("soak")]
        if long:
            config.hook.pytest_deselected(items=long)
            items[:] = [item for item in items if item not in long]
    items.sort(key=lambda item: ("api-server", None, "cluster").index(_needs(item)))


def _needs(item: pytest.Item) -> Literal["api-server", "cluster"] | None:
    if item.get_closest_marker("e2e"):
        return "cluster"
    return "api-server" if item.get_closest_marker("integration") else None


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """A shell's job in the background ignores SIGINT, and so would every program that a test starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """Logging as the test found it: what our programs set up writes to a stream that ends with the test."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    root.handlers[:] = [handler for handler in root.handlers if handler in before]
    root.setLevel(level)
    structlog.reset_defaults()
