from collections.abc import Callable

import pytest

from modelyard_server.fetch.errors import forbidden, unreachable
from modelyard_server.fetch.retry import Patience
from modelyard_server.report import SourceError


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.delays: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.delays.append(seconds)
        self.now += seconds

    def patience(self, budget: float = 60) -> Patience:
        return Patience(budget, lambda: self.now, self.sleep, lambda _low, high: high)


def failing(times: int, then: str = "done") -> Callable[[], str]:
    left = [times]

    def operation() -> str:
        left[0] -= 1
        if left[0] >= 0:
            raise unreachable("gone")
        return then

    return operation


def test_it_backs_off_and_succeeds() -> None:
    clock = Clock()
    assert clock.patience().call(failing(4)) == "done"
    assert clock.delays == [0.5, 1, 2, 4]


def test_it_gives_up_within_its_budget() -> None:
    clock = Clock()
    with pytest.raises(SourceError, match="gone"):
        clock.patience().call(failing(1000))
    assert clock.now <= 60
    assert max(clock.delays) == 15


def test_progress_renews_the_budget() -> None:
    clock = Clock()
    reached = [0]
    operation = failing(100)

    def progressing() -> str:
        reached[0] += 1
        return operation()

    assert clock.patience(budget=1).call(progressing, lambda: reached[0]) == "done"


def test_a_refusal_is_final() -> None:
    clock = Clock()

    def refused() -> None:
        raise forbidden("s3://b", "", "KEY")

    with pytest.raises(SourceError, match="refused access"):
        clock.patience().call(refused)
    assert clock.delays == []
