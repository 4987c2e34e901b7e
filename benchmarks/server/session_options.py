"""What ONNX Runtime's options cost: processor time an item, and memory. The server's choice comes from here.

What was chosen is the first row: one thread a core of the container's limit, the arena and its pattern on, no
spinning, every rewriting of the graph.
"""

import dataclasses
import json
import os

from benchmarks.goal import Goal, repeated
from benchmarks.server.asked import asking, module
from benchmarks.server.models import distilbert
from benchmarks.server.options import Options, say
from benchmarks.server.options_row import BATCH, Choice

TITLE = "ONNX Runtime's options"
VARIANTS = ("int8", "fp32")
CHOICES = {
    "as the server has them": Choice(),
    "no arena": Choice(arena=False),
    "no memory pattern": Choice(pattern=False),
    "neither": Choice(arena=False, pattern=False),
    "2 threads": Choice(threads=2),
    "2 threads that spin": Choice(threads=2, spinning=True),
    "extended rewriting": Choice(level="extended"),
    "basic rewriting": Choice(level="basic"),
    "no rewriting": Choice(level="none"),
}
WARM_UP_SECONDS = 0.5


def measure(options: Options) -> list[Goal]:
    """Each choice in a process of its own, on every core that there is."""
    model = options.model or distilbert()
    everywhere = ",".join(map(str, sorted(os.sched_getaffinity(0))))
    seconds = max(0.5, options.seconds / options.rounds / 2)
    goals: list[Goal] = []
    for variant in VARIANTS:
        file = model / "onnx" / f"model_{variant}.onnx"
        for name, choice in CHOICES.items():
            row = module(
                "options_row", file, model / "tokenizer.json", json.dumps(dataclasses.asdict(choice))
            )
            with asking(row, cores=everywhere) as program:
                program.ask(WARM_UP_SECONDS)
                told = [program.ask(seconds) for _ in range(options.rounds)]
            say(f"{variant}, {name}: {told[-1]['cost'] * 1000:.2f} ms, {told[-1]['resident']:.0f} MiB")
            what = f"{variant}, {name}"
            goals += [
                repeated(
                    f"{what}: processor time an item",
                    [one["cost"] * 1000 for one in told],
                    "ms",
                    detail=f"batches of {BATCH}",
                ),
                repeated(f"{what}: resident memory", [one["resident"] for one in told], "MiB"),
            ]
    return goals
