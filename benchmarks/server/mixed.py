"""Ten users whose requests are mostly repeated: beside the plain design, each with a Redis of its own."""

import contextlib
import itertools
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.goal import Goal, repeated
from benchmarks.server.load import Load, load, post, record
from benchmarks.server.models import distilbert
from benchmarks.server.options import Options, say
from benchmarks.server.ours import redis, serving
from benchmarks.server.peer import DOCUMENTED, PLAIN, THE_PLAIN, serving_peer
from benchmarks.server.process import Process
from benchmarks.server.texts import texts, vocabulary

TITLE = "10 users, 95 % of their requests repeated"
USERS = 10
FRESH_SHARE = 0.05
DIFFERENT = 100
TIMES = 3.0
P99_SHARE = 0.25
VARIANTS = ("fp32", "int8")


def measure(options: Options) -> list[Goal]:
    """The plain design (torch, fp32) and ours in each form, taking turns."""
    model = options.model or distilbert()
    goals: list[Goal] = []
    with tempfile.TemporaryDirectory(prefix="modelyard-bench-") as scratch:
        folder = Path(scratch)
        requests = Requests(model, folder, options)
        for variant in VARIANTS:
            with contextlib.ExitStack() as stack:
                url = stack.enter_context(redis(folder))
                ours = stack.enter_context(serving(model, folder, variant=variant, cache_url=url))
                plain = None
                if options.wants(PLAIN):
                    other = stack.enter_context(redis(folder))
                    plain = stack.enter_context(
                        serving_peer(THE_PLAIN, DOCUMENTED, model, folder, environment={"BENCH_REDIS": other})
                    )
                goals += beside(ours, plain, requests, variant, options)
    return goals


class Requests:
    """Requests that may be repeated, and files of fresh ones of which none comes twice."""

    def __init__(self, model: Path, folder: Path, options: Options) -> None:
        self._drawn = texts(vocabulary(model / "tokenizer.json"), 2)
        self._count = int(options.fresh * max(2.0, options.seconds))
        self._fresh = folder / "mixed-fresh"
        self.repeated = record(folder / "mixed-repeated", self._take(DIFFERENT))

    def fresh(self) -> Path:
        """The next file."""
        return record(self._fresh, self._take(self._count))

    def _take(self, count: int) -> Iterator[bytes]:
        for text in itertools.islice(self._drawn, count):
            yield post("/predict", json.dumps({"text": [text]}).encode())


def beside(
    ours: Process, plain: Process | None, requests: Requests, variant: str, options: Options
) -> list[Goal]:
    """Rounds of both."""

    def run(server: Process, seconds: float, share: float = FRESH_SHARE) -> Load:
        return load(
            server,
            connections=USERS,
            seconds=seconds,
            repeated=requests.repeated,
            fresh=requests.fresh(),
            share=share,
        )

    servers = [ours] if plain is None else [ours, plain]
    for server in servers:
        # What is repeated has been asked before.
        run(server, max(2.0, options.seconds), share=0)
        run(server, 2)
    rounds: list[dict[str, Load]] = []
    for n in range(options.rounds):
        order = servers if n % 2 == 0 else servers[::-1]
        rounds.append({server.name: run(server, options.seconds) for server in order})
        rates = ", ".join(f"{name} {told.rate:,.0f}/s" for name, told in rounds[-1].items())
        say(f"{variant}, round {n + 1} of {options.rounds}: {rates}")
    what = f"{USERS} users, 95 % repeated, onnxruntime {variant}"
    mine = [told[ours.name] for told in rounds]
    goals = [
        repeated(f"{what}: ours", [told.rate for told in mine], "ops/s", detail="published: 140 on 6 pods"),
        repeated(f"{what}: ours, p99", [told.p99 * 1000 for told in mine], "ms", detail="published: < 1000"),
        repeated(f"{what}: ours, p50", [told.p50 * 1000 for told in mine], "ms"),
    ]
    if plain is None:
        return goals
    theirs = [told[plain.name] for told in rounds]
    pairs = list(zip(mine, theirs, strict=True))
    detail = "plain: torch fp32, one core each"
    return [
        repeated(
            f"{what}: to the plain design, requests a second",
            [our.rate / their.rate for our, their in pairs],
            "x",
            at_least=TIMES,
            detail=detail,
        ),
        repeated(
            f"{what}: to the plain design, p99",
            [our.p99 / their.p99 for our, their in pairs],
            "x",
            at_most=P99_SHARE,
            detail=detail,
        ),
        *goals,
        repeated(f"{what}: plain design", [told.rate for told in theirs], "ops/s"),
        repeated(f"{what}: plain design, p99", [told.p99 * 1000 for told in theirs], "ms"),
    ]
