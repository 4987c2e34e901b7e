import pytest

from modelyard_server.shadow.pace import SHARE, Pace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


async def test_what_is_spent_is_a_small_share_of_the_time() -> None:
    clock = Clock()
    pace = Pace(clock, clock.sleep)
    for _ in range(20):
        await pace.ready()
        clock.now += 0.001
        pace.spent(0.001)
    await pace.ready()

    assert clock.now - 100 == pytest.approx(20 * 0.001 * (1 + 1 / SHARE))


async def test_who_was_idle_need_not_wait_and_saves_nothing_up() -> None:
    clock = Clock()
    pace = Pace(clock, clock.sleep)
    clock.now += 1000
    await pace.ready()
    assert clock.now == 1100
    pace.spent(0.01)
    pace.spent(0.01)
    await pace.ready()
    assert clock.now == pytest.approx(1100 + 0.02 / SHARE)
