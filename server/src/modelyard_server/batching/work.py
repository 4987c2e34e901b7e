"""What a batcher's threads do; it touches no state but what it is given."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from modelyard_server.batching.base import Runner
from modelyard_server.batching.choice import BatchLimits, choose
from modelyard_server.batching.jobs import Entry, Job, Span
from modelyard_server.tasks.base import Answer, InvalidItemError


@dataclass(slots=True)
class Preparation:
    """Spans that were prepared.

    Attributes:
        entries: Their items, in order.
        failures: Jobs of which an item could not be prepared, and why.
        items: How many items the spans had.
        seconds: How long it took.
    """

    entries: list[Entry] = field(default_factory=list)
    failures: list[tuple[Job, Exception]] = field(default_factory=list)
    items: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Run:
    """A batch that was run.

    Attributes:
        answered: Items and their answers.
        failures: Jobs whose items the engine failed on, and why.
        stages: Seconds of each stage.
        batches: Number of items of each batch.
        seconds: How long it took.
    """

    answered: list[tuple[Entry, Answer]] = field(default_factory=list)
    failures: list[tuple[Job, Exception]] = field(default_factory=list)
    stages: list[tuple[str, float]] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(slots=True)
class Straight:
    """What came of spans that went to the engine unprepared.

    Attributes:
        preparation: The spans.
        run: The first batch of them; None: there was nothing to run.
        rest: Items that did not fit into the batch.
    """

    preparation: Preparation
    run: Run | None
    rest: list[Entry]


def prepare(runner: Runner, spans: Sequence[Span]) -> Preparation:
    """Prepare spans one by one: a wrong item fails its own request alone."""
    done = Preparation(items=sum(map(len, spans)))
    began = time.perf_counter()
    for span in spans:
        if span.job.over:
            continue
        try:
            prepared = runner.prepare(span.items)
        except InvalidItemError as error:
            # Its index counts from the span's start.
            failure = InvalidItemError(span.start + error.index, error.msg, error.kind)
            done.failures.append((span.job, failure))
        except Exception as error:  # whatever a task raises belongs to this request alone
            done.failures.append((span.job, error))
        else:
            done.entries += [Entry(span.job, span.start + offset, one) for offset, one in enumerate(prepared)]
    done.seconds = time.perf_counter() - began
    return done


def run(runner: Runner, entries: Sequence[Entry]) -> Run:
    """Run a batch; where the engine fails on it, each request's part by itself."""
    done = Run()
    began = time.perf_counter()
    wanted = [entry for entry in entries if not entry.job.over]
    if wanted:
        error = _try(runner, wanted, done)
        if error is not None:
            parts: dict[Job, list[Entry]] = {}
            for entry in wanted:
                parts.setdefault(entry.job, []).append(entry)
            for job, part in parts.items():
                # With one request in the batch it has been tried already.
                failure = error if len(parts) == 1 else _try(runner, part, done)
                if failure is not None:
                    done.failures.append((job, failure))
    done.seconds = time.perf_counter() - began
    return done


def straight(runner: Runner, spans: Sequence[Span], limits: BatchLimits) -> Straight:
    """Prepare spans and run the first batch of them."""
    done = prepare(runner, spans)
    if not done.entries:
        return Straight(done, None, [])
    chosen = choose(done.entries, limits)
    taken = set(chosen)
    batch = [done.entries[index] for index in chosen]
    rest = [entry for index, entry in enumerate(done.entries) if index not in taken]
    return Straight(done, run(runner, batch), rest)


def _try(runner: Runner, entries: Sequence[Entry], done: Run) -> Exception | None:
    stages: list[tuple[str, float]] = []
    try:
        answers = runner.infer(
            [entry.prepared for entry in entries], lambda stage, seconds: stages.append((stage, seconds))
        )
        done.answered += list(zip(entries, answers, strict=True))
    except Exception as error:  # the engine's or the task's; the caller finds out whose item it is
        return error
    done.stages += stages
    done.batches.append(len(entries))
    return None
