"""One way to run a model, measured in a process of its own: `python -m modelyard_server.tuning.probe`.

Reads a `Job` as JSON from standard input and writes a `Result` as the last line of standard output. A process
of its own, so that no way inherits another's threads, memory or warm caches.
"""

import itertools
import os
import random
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from modelyard_server.model import Model, load_model
from modelyard_server.report import SourceError
from modelyard_server.settings import Settings
from modelyard_server.tasks import Item
from modelyard_server.tuning.agreement import Difference, compare, fragments
from modelyard_server.tuning.samples import SamplesError, read_samples

COMPARED: Final = 1_000
"""Most items whose answers are compared."""
_LEAST_RUNS = 3
_TOGETHER = 32
_SEEDS = (1, 2)
_LONGEST_PASS = 64
_SHORTEST_PASS = 8
_STATUS = Path("/proc/self/status")

Clock = Callable[[], float]


class Job(BaseModel):
    """What to measure.

    Attributes:
        engine: The engine.
        file: The model's file, relative to the artifact's root.
        threads: The engine's threads.
        batches: Batch sizes.
        seconds: How long each is measured at least.
        samples: Where the items are; None: the task's own examples.
    """

    engine: str
    file: str
    threads: int
    batches: tuple[int, ...]
    seconds: float
    samples: Path | None = None


class Result(BaseModel):
    """What was measured; see `artifact.tuning_section.Row`.

    Attributes:
        error: Why nothing could be measured; empty: it could.
        answers: The answers' JSON, each item alone.
    """

    error: str = ""
    load_seconds: float = 0
    latency_ms: float = 0
    items_per_second: dict[int, float] = {}
    rss_mb: float = 0
    batch_flips: float = 0
    batch_shift: float = 0
    answers: list[str] = []


def measure(model: Model, items: Sequence[Item], job: Job, clock: Clock = time.perf_counter) -> Result:
    """Measure a loaded model.

    Raises:
        EngineError: The engine failed on an item.
        InvalidItemError: An item is wrong.
    """
    model.warm_up(1)
    alone = [model.run([item])[0] for item in items[:COMPARED]]
    difference = _batch_difference(model, items[:COMPARED], fragments(alone))
    # Neighbours in a file are often alike.
    mixed = random.Random(_SEEDS[0]).sample(list(items), len(items))  # noqa: S311 - nothing is kept secret by it
    endless = itertools.cycle(mixed)
    one = _median_seconds(lambda: model.run([next(endless)]), job.seconds, clock)
    count = _pass_length(one, job.seconds)
    chosen = list(itertools.islice(itertools.cycle(mixed), count))
    rates: dict[int, float] = {}
    for size in (size for size in job.batches if size <= count):
        took = _median_seconds(partial(_pass, model, chosen, size), job.seconds, clock)
        rates[size] = round(count / took, 2)
    return Result(
        latency_ms=round(one * 1e3, 4),
        items_per_second=rates,
        rss_mb=_peak_mb(),
        batch_flips=difference.flips,
        batch_shift=difference.shift,
        answers=[answer.fragment.decode() for answer in alone],
    )


def _pass_length(one: float, seconds: float) -> int:
    """How many items each batch size gets: the same for all, and few where the model is slow."""
    count = _LONGEST_PASS
    while count > _SHORTEST_PASS and count * one > 2 * seconds:
        count //= 2
    return count


def _pass(model: Model, items: Sequence[Item], size: int) -> None:
    """Answer items in batches of items of about one length, as the server's batcher puts them together."""
    prepared = sorted(model.prepare(items), key=lambda each: each.size)
    for start in range(0, len(prepared), size):
        model.infer(prepared[start : start + size])


def _peak_mb() -> float:
    # Not from getrusage: that remembers the process that started this one.
    found = re.search(r"^VmHWM:\s+(\d+) kB", _STATUS.read_text(), re.MULTILINE) if _STATUS.exists() else None
    return round(int(found[1]) / 1024, 1) if found else 0.0


def _batch_difference(model: Model, items: Sequence[Item], alone: Sequence[bytes]) -> Difference:
    # Items are repeated to fill a batch: alone among padding and other texts is what must not matter.
    count = max(len(items), _TOGETHER)
    order = [index % len(items) for index in range(count)]
    worst = Difference()
    for seed in (None, *_SEEDS):
        if seed is not None:
            random.Random(seed).shuffle(order)  # noqa: S311 - nothing is kept secret by it
        together: list[bytes] = []
        for start in range(0, count, _TOGETHER):
            together += fragments(model.run([items[index] for index in order[start : start + _TOGETHER]]))
        worst = worst.worst(compare([alone[index] for index in order], together))
    return worst


def _median_seconds(work: Callable[[], object], seconds: float, clock: Clock) -> float:
    work()
    taken: list[float] = []
    began = clock()
    while clock() - began < seconds or (len(taken) < _LEAST_RUNS and clock() - began < 4 * seconds):
        start = clock()
        work()
        taken.append(clock() - start)
    return max(statistics.median(taken), 1e-9)


def run(job: Job, settings: Settings) -> Result:
    """Load the model as the job says, and measure it."""
    began = time.perf_counter()
    # Nothing measured earlier may decide: the file that holds nothing is no folder of tables.
    wanted = replace(
        settings,
        engine=job.engine,
        variant=job.file,
        threads=job.threads,
        runtime_dir=Path(os.devnull),
    )
    try:
        model = load_model(wanted)
        loaded = time.perf_counter() - began
        result = measure(model, read_samples(model.task, job.samples), job)
    except (SourceError, SamplesError) as error:
        return Result(error=str(error))
    except Exception as error:  # a way that fails is a row that is left out, whatever it failed on
        return Result(error=f"{type(error).__name__}: {error}")
    return result.model_copy(update={"load_seconds": round(loaded, 3)})


def main() -> int:
    """Measure what standard input asks for."""
    job = Job.model_validate_json(sys.stdin.buffer.read())
    os.environ.setdefault("RAYON_NUM_THREADS", str(job.threads))
    result = run(job, Settings.from_environ(os.environ))
    print(result.model_dump_json(), flush=True)  # noqa: T201 - the parent reads it
    return 0


if __name__ == "__main__":
    sys.exit(main())
