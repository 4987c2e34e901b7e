import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devcluster.api import Api
from devcluster.components.base import Check, Component
from devcluster.errors import DevclusterError
from devcluster.processes import ProcessTable
from devcluster.ui import Step
from devcluster.waiting import until, until_healthy

PAUSE = "import signal, sys; print('bad flag --x', flush=True); signal.pause()"


@pytest.fixture
def table(tmp_path: Path) -> Iterator[ProcessTable]:
    table = ProcessTable(tmp_path / "run", tmp_path / "logs")
    yield table
    for name in table.names():
        table.stop(name, term_limit=5)


def start(table: ProcessTable, check: Check, code: str = PAUSE) -> Component:
    component = Component("daemon", (sys.executable, "-c", code), check, phase=1, start_limit=5)
    table.start("daemon", component.argv, {}, "spec")
    while "bad flag" not in table.log_tail("daemon"):
        pass
    return component


def wait(component: Component, table: ProcessTable, api: Api, now: list[float]) -> None:
    def sleep(seconds: float) -> None:
        now[0] += seconds

    until_healthy([component], table, api, Step("Start"), sleep=sleep, clock=lambda: now[0])


@pytest.fixture
def api() -> Api:
    return object.__new__(Api)


def test_it_waits_for_health_and_not_for_time(table: ProcessTable, api: Api) -> None:
    answers = iter(["not yet", "not yet", None])
    now = [0.0]
    wait(start(table, lambda _: next(answers)), table, api, now)
    assert 0 < now[0] < 1


def test_the_limit_is_kept_and_the_log_is_shown(table: ProcessTable, api: Api) -> None:
    with pytest.raises(DevclusterError, match=r"(?s)not healthy after 5 s: still down\n.*bad flag --x"):
        wait(start(table, lambda _: "still down"), table, api, [0.0])


def test_one_that_ended_is_not_awaited(table: ProcessTable, api: Api) -> None:
    now = [0.0]
    component = start(table, lambda _: "refused")
    record = table.running("daemon")
    assert record is not None
    os.kill(record.identity.pid, signal.SIGKILL)
    while table.running("daemon"):
        pass
    with pytest.raises(DevclusterError, match=r"(?s)daemon ended while it was starting.*bad flag --x"):
        wait(component, table, api, now)
    assert now == [0.0]


def test_a_condition_is_awaited_and_its_last_problem_told() -> None:
    problems: list[str | None] = ["a", "b", None]
    until(lambda: problems.pop(0), 10, "It is not so", sleep=lambda _: None)
    assert problems == []
    ticks = iter(range(100))
    with pytest.raises(DevclusterError, match="It is not so after 3 s: still a"):
        until(lambda: "still a", 3, "It is not so", sleep=lambda _: None, clock=lambda: next(ticks))
