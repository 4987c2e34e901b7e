"""A model whose answers tell what it was asked, and threads that move when the test says so."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import Any, NamedTuple

from modelyard_server.batching.base import StageTimer
from modelyard_server.engines.base import EngineError
from modelyard_server.tasks.base import Answer, InvalidItemError, Item, Prepared


class Text(NamedTuple):
    """An item: what it says, its length, the bytes of its tensors, and what it does to the model."""

    text: str
    size: int = 1
    group: int = 0
    nbytes: int = 0
    wrong: bool = False
    fatal: bool = False


def items(*texts: str) -> list[Item]:
    return [Item(Text(text)) for text in texts]


def fragments(answers: Sequence[Answer]) -> list[str]:
    return [answer.fragment.decode() for answer in answers]


class EchoRunner:
    """Answers each item with its own text; waits at its gate where that is closed."""

    def __init__(self, *, closed: bool = False) -> None:
        self.batches: list[list[Text]] = []
        self.prepared: list[list[str]] = []
        self.threads: dict[str, set[int]] = {"prepare": set(), "infer": set()}
        self.gate = threading.Event()
        if not closed:
            self.gate.set()

    @property
    def texts(self) -> list[list[str]]:
        return [[text.text for text in batch] for batch in self.batches]

    def prepare(self, items: Sequence[Item]) -> list[Prepared]:
        self.threads["prepare"].add(threading.get_ident())
        self.prepared.append([item.value.text for item in items])
        for index, item in enumerate(items):
            if item.value.wrong:
                raise InvalidItemError(index, f"{item.value.text} is wrong", "test")
        return [
            Prepared(item, item.value, item.value.size, group=item.value.group, nbytes=item.value.nbytes)
            for item in items
        ]

    def infer(self, batch: Sequence[Prepared], timer: StageTimer) -> list[Answer]:
        self.threads["infer"].add(threading.get_ident())
        self.batches.append([prepared.payload for prepared in batch])
        assert self.gate.wait(30)
        if any(prepared.payload.fatal for prepared in batch):
            raise EngineError("a fatal item")
        for stage in ("batch", "inference", "postprocess"):
            timer(stage, 0.001)
        return [Answer(prepared.payload.text.encode()) for prepared in batch]


class Recorder:
    """Metrics for a test to look at."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.batches: list[int] = []
        self.costs: list[float] = []

    def stage(self, stage: str, seconds: float) -> None:
        assert seconds >= 0
        self.stages.append(stage)

    def batch(self, items: int) -> None:
        self.batches.append(items)

    def cost(self, seconds: float) -> None:
        self.costs.append(seconds)


class ManualExecutor(Executor):
    """Runs what it is given one by one, when the test says so, in the test's thread."""

    def __init__(self) -> None:
        self.queue: deque[tuple[Future[Any], Callable[..., Any]]] = deque()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        assert not args
        assert not kwargs
        future: Future[Any] = Future()
        self.queue.append((future, fn))
        return future

    def step(self) -> None:
        future, work = self.queue.popleft()
        future.set_result(work())


class Clock:
    """Monotonic seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now
