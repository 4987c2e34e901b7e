"""Errands to pods: one each, bounded, given up at the end."""

import asyncio

from modelyard_operator.reconcile.errands import AT_ONCE, Errands


async def turns() -> None:
    """Let everything that can go on do so."""
    for _ in range(10 * AT_ONCE):
        await asyncio.sleep(0)


async def test_so_many_at_once_and_no_more() -> None:
    errands, gate = Errands(), asyncio.Event()
    begun: list[int] = []

    async def errand() -> None:
        begun.append(1)
        await gate.wait()

    for number in range(AT_ONCE + 5):
        errands.begin(f"pod-{number}", errand, "test")
    await turns()

    assert len(begun) == AT_ONCE
    assert len(errands) == AT_ONCE + 5
    assert "pod-0" in errands
    gate.set()
    await turns()
    assert len(begun) == AT_ONCE + 5
    assert "pod-0" not in errands


async def test_closing_gives_up_what_is_under_way() -> None:
    errands, ended = Errands(), []

    async def errand() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(1)

    errands.begin("pod", errand, "test")
    await asyncio.sleep(0)
    await errands.close()

    assert ended == [1]
    assert len(errands) == 0
