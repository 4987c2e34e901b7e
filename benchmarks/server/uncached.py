"""Nothing cached: beside a tight loop over the same engine, and beside other servers (`peers.py`)."""

import itertools
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.goal import Goal, repeated
from benchmarks.server.load import Load, load, post, record
from benchmarks.server.loop import Loop, Pace, looping
from benchmarks.server.models import distilbert
from benchmarks.server.options import Options, say
from benchmarks.server.ours import serving, stage
from benchmarks.server.process import Process
from benchmarks.server.texts import texts, vocabulary

TITLE = "Nothing cached"
IN_FLIGHT = 32
VARIANTS = ("fp32", "int8")
SHARE = 0.95
WARM_UP_SECONDS = 2
MILLISECONDS_OVER = 1.0


def measure(options: Options) -> list[Goal]:
    """Each form of the model."""
    model = options.model or distilbert()
    goals: list[Goal] = []
    with tempfile.TemporaryDirectory(prefix="modelyard-bench-") as scratch:
        fresh = fresh_requests(model, Path(scratch), options)
        for variant in VARIANTS:
            file = model / "onnx" / f"model_{variant}.onnx"
            with (
                serving(model, Path(scratch), variant=variant) as ours,
                looping(file, model / "tokenizer.json") as loop,
            ):
                goals += beside_loop(ours, loop, fresh, variant, options)
    return goals


def fresh_requests(model: Path, folder: Path, options: Options) -> Iterator[Path]:
    """Files of requests of one text each, no text twice in all of them."""
    drawn = texts(vocabulary(model / "tokenizer.json"), 1)
    count = int(options.fresh * max(WARM_UP_SECONDS, options.seconds))
    path = folder / "fresh"
    while True:
        bodies = (json.dumps({"text": [text]}).encode() for text in itertools.islice(drawn, count))
        yield record(path, (post("/predict", body) for body in bodies))


def beside_loop(
    ours: Process, loop: Loop, fresh: Iterator[Path], variant: str, options: Options
) -> list[Goal]:
    """Throughput with many in flight and latency with one, beside the loop's."""
    batch = loop.best_batch(options.seconds / 8)
    load(ours, connections=IN_FLIGHT, seconds=WARM_UP_SECONDS, fresh=next(fresh))
    many: list[tuple[Load, Pace]] = []
    one: list[tuple[Load, Pace]] = []
    inference: list[float] = []
    short = max(1.0, options.seconds / 2)
    for n in range(options.rounds):
        before = None if n % 2 else loop.run(batch, options.seconds)
        served = load(ours, connections=IN_FLIGHT, seconds=options.seconds, fresh=next(fresh))
        many.append((served, before or loop.run(batch, options.seconds)))
        seconds, runs = stage(ours, "inference")
        single = load(ours, connections=1, seconds=short, fresh=next(fresh))
        ended, last = stage(ours, "inference")
        one.append((single, loop.run(1, short)))
        inference.append((ended - seconds) / (last - runs))
        say(
            f"{variant}, round {n + 1} of {options.rounds}: ours {many[-1][0].rate:.1f}/s, loop "
            f"{many[-1][1].rate:.1f}/s; one at a time {one[-1][0].p50 * 1000:.2f} ms, session "
            f"{one[-1][1].call * 1000:.2f} ms"
        )
    what = f"uncached, onnxruntime {variant}"
    return [
        repeated(
            f"{what}, {IN_FLIGHT} in flight: ours to a tight loop",
            [served.rate / looped.rate for served, looped in many],
            "x",
            at_least=SHARE,
            detail=f"texts a second; the loop at its best batch size, {batch}",
        ),
        repeated(
            f"{what}, {IN_FLIGHT} in flight: the same by processor time",
            [looped.cost / served.cost for served, looped in many],
            "x",
            detail="holds on a busy machine too",
        ),
        repeated(f"{what}, {IN_FLIGHT} in flight: ours", [served.rate for served, _ in many], "ops/s"),
        repeated(f"{what}: tight loop", [looped.rate for _, looped in many], "ops/s"),
        repeated(f"{what}, {IN_FLIGHT} in flight: p99", [served.p99 * 1000 for served, _ in many], "ms"),
        repeated(
            f"{what}, 1 in flight: p50 over the raw session's",
            [(served.p50 - looped.call) * 1000 for served, looped in one],
            "ms",
            at_most=MILLISECONDS_OVER,
        ),
        repeated(
            f"{what}, 1 in flight: the session's own call over the raw session's",
            [(mean - looped.call) * 1000 for mean, (_, looped) in zip(inference, one, strict=True)],
            "ms",
            detail="the same session, called once a request instead of in a loop",
        ),
        repeated(f"{what}, 1 in flight: p50", [served.p50 * 1000 for served, _ in one], "ms"),
    ]
