"""Numbers from the pods themselves."""

import contextlib
import socket

import aiohttp
import pytest

from modelyard_operator.analysis.sources import pods as source
from modelyard_operator.analysis.sources.pods import AT_ONCE, Pods
from tests.operator.analysis.pods import PAIR, ref, running


async def test_every_pod_is_asked_and_told_apart():
    async with running(*map(ref, range(1, 4))) as (pods, port), aiohttp.ClientSession() as session:
        for number, pod in enumerate(pods, 1):
            pod.serve(number)
        found = await Pods(session, port=port).look([pod.ref for pod in pods], PAIR)
    assert found.trouble is None
    assert {uid: r.requests["200"] for uid, r in found.readings.items()} == {
        "uid-1": 1,
        "uid-2": 2,
        "uid-3": 3,
    }


async def test_those_that_do_not_answer_are_missing_and_the_first_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(source, "ANSWER_SECONDS", 0.3)
    async with running(*map(ref, range(1, 4))) as (pods, port), aiohttp.ClientSession() as session:
        pods[0].hangs, pods[1].status = True, 500
        gone = ref(9)
        found = await Pods(session, port=port).look([*(pod.ref for pod in pods), gone], PAIR)
    assert set(found.readings) == {"uid-3"}
    assert found.trouble == "pod-1: no answer within 0.3 s"


async def test_a_failing_pod_and_a_long_answer_in_words(monkeypatch: pytest.MonkeyPatch):
    async with running(ref(1)) as ((pod,), port), aiohttp.ClientSession() as session:
        pod.status = 500
        assert (
            await Pods(session, port=port).look([pod.ref], PAIR)
        ).trouble == "pod-1: /metrics answered 500"
        monkeypatch.setattr(source, "ANSWER_LIMIT", 100)
        assert "its answer is over" in str((await Pods(session, port=port).look([pod.ref], PAIR)).trouble)


async def test_pods_beyond_what_is_asked_at_once_get_their_turn(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(source, "ANSWER_SECONDS", 60.0)
    monkeypatch.setattr(source, "CONNECT_SECONDS", 60.0)
    refs = [ref(number) for number in range(1, AT_ONCE + 9)]
    async with running(*refs) as (pods, port), aiohttp.ClientSession() as session:
        found = await Pods(session, port=port).look(refs, PAIR)
    assert len(found.readings) == len(refs)
    assert all(pod.asked == 1 for pod in pods)


async def test_a_pod_that_takes_no_connection_is_soon_given_up(monkeypatch: pytest.MonkeyPatch):
    """Its backlog is full, as if its node were gone: nothing is refused, and nothing comes."""
    monkeypatch.setattr(source, "CONNECT_SECONDS", 0.2)
    with socket.socket() as deaf, contextlib.ExitStack() as stack:
        deaf.bind(("127.0.1.99", 0))
        deaf.listen(0)
        port = deaf.getsockname()[1]
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.1.99", port))
        async with aiohttp.ClientSession() as session:
            found = await Pods(session, port=port).look([ref(99)], PAIR)
    assert found.trouble == "pod-99: no connection: nothing answers at its address"
