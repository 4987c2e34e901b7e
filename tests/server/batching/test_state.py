"""Whatever happens in whatever order: every request gets its own answers or its own error, and no other."""

import asyncio
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from modelyard_server.batching import DeadlineExceededError, DynamicBatcher, QueueFullError
from modelyard_server.batching.choice import BatchLimits
from modelyard_server.engines.base import EngineError
from modelyard_server.tasks.base import Answer, InvalidItemError, Item
from tests.server.batching.runner import Clock, EchoRunner, ManualExecutor, Recorder, Text, fragments

MAX_BATCH = 4
MAX_QUEUE = 20

texts = st.lists(
    st.builds(
        Text,
        text=st.just(""),
        size=st.integers(1, 200),
        group=st.integers(0, 1),
        wrong=st.integers(0, 9).map(lambda number: number == 0),
        fatal=st.integers(0, 9).map(lambda number: number == 0),
    ),
    min_size=1,
    max_size=10,
)


@dataclass
class Client:
    """A request as its sender sees it."""

    texts: list[Text]
    deadline: float | None
    task: "asyncio.Task[list[Answer]]"
    gone: bool = field(default=False)


class Batching(RuleBasedStateMachine):
    """Clients come and go, time passes, and the threads take a step at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = Clock()
        self.runner = EchoRunner()
        self.engine = ManualExecutor()
        self.pool = ManualExecutor()
        self.clients: list[Client] = []

    @initialize(delay=st.sampled_from([0.0, 10.0]), arriving=st.integers(0, 1))
    def start(self, delay: float, arriving: int) -> None:
        self.batcher = DynamicBatcher(
            self.runner,
            limits=BatchLimits(MAX_BATCH, padded=400),
            max_queue=MAX_QUEUE,
            max_delay=delay,
            metrics=Recorder(),
            arriving=lambda: arriving,
            clock=self.clock,
            engine=self.engine,
            pool=self.pool,
        )

    def spin(self) -> None:
        async def turns() -> None:
            for _ in range(5):
                await asyncio.sleep(0)

        self.loop.run_until_complete(turns())

    @rule(texts=texts, seconds=st.none() | st.floats(1000, 3000))
    def come(self, texts: list[Text], seconds: float | None) -> None:
        number = len(self.clients)
        named = [text._replace(text=f"{number}.{index}") for index, text in enumerate(texts)]
        deadline = None if seconds is None else self.clock.now + seconds

        async def ask() -> list[Answer]:
            return await self.batcher.submit([Item(text) for text in named], deadline)

        task = self.loop.create_task(ask())
        self.clients.append(Client(named, deadline, task))
        self.spin()

    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        waiting = [client for client in self.clients if not client.task.done()]
        if waiting:
            client = data.draw(st.sampled_from(waiting))
            client.gone = True
            client.task.cancel()
            self.spin()

    @rule(seconds=st.floats(0, 2000))
    def pass_time(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def run(self) -> None:
        if self.engine.queue:
            gone = {str(number) for number, client in enumerate(self.clients) if client.gone}
            before = len(self.runner.batches)
            self.engine.step()
            for batch in self.runner.batches[before:]:
                self.check_batch(batch, gone)
            self.spin()

    def check_batch(self, batch: list[Text], gone: set[str]) -> None:
        assert 1 <= len(batch) <= MAX_BATCH
        assert len({text.group for text in batch}) == 1
        assert len(batch) == 1 or len(batch) * max(text.size for text in batch) <= 400
        assert not gone & {text.text.split(".")[0] for text in batch}
        assert not any(text.wrong for text in batch)

    @rule()
    def prepare(self) -> None:
        if self.pool.queue:
            self.pool.step()
            self.spin()

    @invariant()
    def counts_what_waits(self) -> None:
        if hasattr(self, "batcher"):
            live = sum(len(client.texts) for client in self.clients if not client.task.done())
            assert 0 <= self.batcher.waiting <= live

    @invariant()
    def at_most_one_batch_stands_behind_the_one_that_runs(self) -> None:
        assert len(self.engine.queue) <= 2

    @invariant()
    def works_while_anything_waits(self) -> None:
        if hasattr(self, "batcher") and self.batcher.waiting and not self.batcher._max_delay:
            assert self.engine.queue or self.pool.queue

    def teardown(self) -> None:
        if hasattr(self, "batcher"):
            closing = self.loop.create_task(self.batcher.close())
            self.spin()
            while self.engine.queue or self.pool.queue:
                self.prepare()
                self.run()
            self.loop.run_until_complete(asyncio.wait_for(closing, 10))
            for client in self.clients:
                self.check(client)
            assert self.batcher.waiting == 0
        self.loop.close()

    def check(self, client: Client) -> None:
        """Nobody is forgotten, and who fails has a reason."""
        assert client.task.done()
        if client.task.cancelled():
            assert client.gone
            return
        error = client.task.exception()
        if error is None:
            assert fragments(client.task.result()) == [text.text for text in client.texts]
            assert not any(text.wrong or text.fatal for text in client.texts)
        elif isinstance(error, InvalidItemError):
            assert client.texts[error.index].wrong
        elif isinstance(error, EngineError):
            assert any(text.fatal for text in client.texts)
        elif isinstance(error, DeadlineExceededError):
            assert client.deadline is not None
            assert client.deadline <= self.clock.now
        else:
            assert isinstance(error, QueueFullError)


TestBatching = Batching.TestCase
TestBatching.settings = settings(max_examples=60, stateful_step_count=40)
