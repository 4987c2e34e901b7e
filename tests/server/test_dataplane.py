"""The serving core on real models: what the batcher makes of many requests is what each would get alone."""

import asyncio
import random
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from modelyard_server.batching import DeadlineExceededError
from modelyard_server.engines.base import Tensors
from modelyard_server.errors import InvalidRequestError
from modelyard_server.tasks.base import InvalidItemError, Item, Parsed, Prepared
from tests.server.cache.test_live import counted, metrics
from tests.server.conftest import Client, Serve, eventually
from tests.server.invariance import same_labels
from tests.server.models import WORDS, identity_model, table_model, text_model


class Gate:
    """Holds a served model's engine until it is opened."""

    def __init__(self, client: Client) -> None:
        self._engine = client.service.model.engine
        self._opened = threading.Event()
        self.runs = 0
        client.service.model.engine = self  # type: ignore[assignment]  # it is asked for nothing but `run`

    def open(self) -> None:
        self._opened.set()

    def run(self, feeds: Tensors) -> dict[str, Any]:
        self.runs += 1
        assert self._opened.wait(30)
        return self._engine.run(feeds)


def texts(count: int) -> list[str]:
    chance = random.Random(11)
    return [" ".join(chance.choices(list(WORDS), k=chance.randint(1, 30))) for _ in range(count)]


async def test_many_requests_of_mixed_lengths_get_what_each_gets_alone(serve: Serve, sentiment: Path) -> None:
    wanted = texts(200)
    async with serve(sentiment, max_batch=8) as client:
        alone = [(await client.predict({"text": [text]})).json()["predictions"][0] for text in wanted]
        sizes = [1, 3, 7, 40]
        cuts: list[slice] = []
        start = 0
        while start < len(wanted):
            cuts.append(slice(start, start + sizes[len(cuts) % len(sizes)]))
            start = cuts[-1].stop
        responses = await asyncio.gather(*(client.predict({"text": wanted[cut]}) for cut in cuts))
        together = [entry for response in responses for entry in response.json()["predictions"]]

        assert len(together) == len(alone)
        assert all(same_labels(one, other) for one, other in zip(alone, together, strict=True))
        after = await metrics(client)
        calls = counted(after, "modelyard_batch_items_count")
        assert counted(after, "modelyard_batch_items_sum") >= 200
        # Alone each took a call of its own; together they shared.
        assert calls - 200 < len(cuts) + 200 / 2


async def test_a_model_of_a_fixed_batch_is_filled_from_many_requests(serve: Serve, tmp_path: Path) -> None:
    async with serve(text_model(tmp_path, batch=4)) as client:
        responses = await asyncio.gather(*(client.predict({"text": [text]}) for text in texts(10)))

        assert all(response.status_code == 200 for response in responses)
        assert counted(await metrics(client), "modelyard_batch_items_count") < 10


async def test_rows_of_different_shapes_never_share_a_batch(serve: Serve, tmp_path: Path) -> None:
    async with serve(identity_model(tmp_path, {"x": 1}, ["batch", "width"])) as client:
        gate = Gate(client)
        rows = [[1.0], [1.0, 2.0], [3.0], [3.0, 4.0]]
        asked = [asyncio.create_task(client.predict({"instances": [row]})) for row in rows]
        await eventually(lambda: gate.runs, "the engine runs")
        gate.open()

        answers = [(await task).json()["predictions"][0]["x_out"] for task in asked]
        assert answers == rows


async def test_a_full_queue_answers_503_and_the_rest_is_served(serve: Serve, sentiment: Path) -> None:
    async with serve(sentiment, max_batch=2, max_queue=4) as client:
        gate = Gate(client)
        asked = [asyncio.create_task(client.predict({"text": [text]})) for text in texts(20)]
        await eventually(lambda: sum(task.done() for task in asked) >= 12, "what has no room is refused")
        refused = [task.result() for task in asked if task.done()]
        assert {response.status_code for response in refused} == {503}
        assert all(int(response.headers["retry-after"]) >= 1 for response in refused)
        gate.open()

        statuses = [(await task).status_code for task in asked]
        assert statuses.count(200) == len(asked) - len(refused) >= 4


async def test_past_its_deadline_a_request_costs_no_inference(serve: Serve, sentiment: Path) -> None:
    async with serve(sentiment, max_batch=1) as client:
        gate, plane = Gate(client), client.service.plane
        first = asyncio.create_task(client.predict({"text": ["good"]}))
        await eventually(lambda: gate.runs, "the engine is busy")
        with pytest.raises(DeadlineExceededError):
            await plane.predict(Parsed(["bad"]), deadline=time.monotonic() + 0.01)
        # Whoever wants the same answer, and has time, still gets it.
        patient = asyncio.create_task(plane.predict(Parsed(["film"])))
        with pytest.raises(DeadlineExceededError):
            await plane.predict(Parsed(["film"]), deadline=time.monotonic() + 0.01)
        gate.open()

        assert (await first).status_code == 200
        assert len((await patient).answers) == 1
        assert gate.runs == 2


async def test_who_boards_a_flight_with_less_time_than_he_has_gets_his_answer(
    serve: Serve, sentiment: Path
) -> None:
    async with serve(sentiment, max_batch=1) as client:
        gate, plane = Gate(client), client.service.plane
        first = asyncio.create_task(client.predict({"text": ["good"]}))
        await eventually(lambda: gate.runs, "the engine is busy")
        hasty = asyncio.create_task(plane.predict(Parsed(["film"]), deadline=time.monotonic() + 0.05))
        await eventually(lambda: plane.computing == 2, "the hasty one departs")
        patient = asyncio.create_task(plane.predict(Parsed(["film"])))
        with pytest.raises(DeadlineExceededError):
            await hasty
        gate.open()

        assert len((await patient).answers) == 1
        assert (await first).status_code == 200


async def test_stopping_answers_everything_that_was_taken(serve: Serve, sentiment: Path) -> None:
    async with serve(sentiment, max_batch=2) as client:
        gate = Gate(client)
        asked = [asyncio.create_task(client.predict({"text": [text]})) for text in texts(30)]
        await eventually(lambda: client.service.plane.batcher.waiting >= 20, "they wait")
        stopping = asyncio.create_task(client.service.stop())
        gate.open()
        await stopping

        assert {(await task).status_code for task in asked} == {200}


async def test_a_wrong_item_is_named_by_its_place_and_fails_nobody_else(
    serve: Serve, sentiment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serve(sentiment) as client:
        plane, task = client.service.plane, client.service.model.task
        prepare = task.prepare

        def strict(items: list[Item]) -> list[Prepared]:
            for index, item in enumerate(items):
                if item.value == "broken":
                    raise InvalidItemError(index, "can't be decoded", "broken_type")
            return prepare(items)

        monkeypatch.setattr(task, "prepare", strict)
        gate = Gate(client)
        first = asyncio.create_task(client.predict({"text": ["good"]}))
        await eventually(lambda: gate.runs, "the engine is busy")
        wrong = asyncio.create_task(
            plane.predict(Parsed(["film", "film", "broken", "bad"], None, ("body", "text")))
        )
        # It wants an item of the wrong request, and has nothing to do with what is wrong.
        fine = asyncio.create_task(plane.predict(Parsed(["film", "up"], None, ("body", "text"))))
        with pytest.raises(InvalidRequestError) as caught:
            await wrong
        gate.open()

        assert orjson.loads(caught.value.body()) == {
            "detail": [{"loc": ["body", "text", 2], "msg": "can't be decoded", "type": "broken_type"}]
        }
        assert len((await fine).answers) == 2
        assert (await first).status_code == 200


async def test_an_item_that_the_model_fails_on_fails_nobody_else(serve: Serve, tmp_path: Path) -> None:
    async with serve(table_model(tmp_path)) as client:
        gate, plane = Gate(client), client.service.plane

        async def asked(*ids: int) -> asyncio.Task[httpx.Response]:
            before = plane.computing
            task = asyncio.create_task(client.predict({"instances": list(ids)}))
            await eventually(lambda: plane.computing > before, "it waits")
            return task

        running = await asked(1)
        await eventually(lambda: gate.runs, "the engine is busy")
        wrong = await asked(5, 99)
        # They want an item of the wrong request, and have nothing to do with what fails.
        fine = [await asked(5), await asked(5, 6)]
        # These fail as it does, and cost nothing.
        alike = [await asked(5, 99) for _ in range(10)]
        gate.open()

        assert (await running).status_code == (await fine[0]).status_code == 200
        assert (await fine[0]).json() == {"predictions": [{"row": [5, -5]}]}
        assert (await fine[1]).json() == {"predictions": [{"row": [5, -5]}, {"row": [6, -6]}]}
        failed = await asyncio.gather(wrong, *alike)
        assert {answer.status_code for answer in failed} == {500}
        assert gate.runs <= 6


async def test_a_full_queue_refuses_what_nobody_computes_yet(serve: Serve, sentiment: Path) -> None:
    async with serve(sentiment, max_queue=1) as client:
        gate = Gate(client)
        running = asyncio.create_task(client.predict({"text": ["good"]}))
        await eventually(lambda: gate.runs == 1, "the engine is busy")
        waiting = asyncio.create_task(client.predict({"text": ["bad"]}))
        await eventually(lambda: client.service.plane.batcher.waiting == 1, "the queue is full")

        refused = await client.predict({"text": ["boring"]})
        boards = asyncio.create_task(client.predict({"text": ["bad"]}))
        await eventually(lambda: client.service.plane.computing == 3, "it waits with the other")
        gate.open()
        answers = await asyncio.gather(running, waiting, boards)

    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) >= 1
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert gate.runs == 2
