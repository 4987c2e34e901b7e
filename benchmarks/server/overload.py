"""A thousand users on one pod: what it still answers, how soon it turns the others away, and its memory.

Each user waits for an answer; one who is turned away comes back after a second, as `Retry-After` says.
"""

import contextlib
import tempfile
from pathlib import Path

from benchmarks.goal import Goal, repeated
from benchmarks.server.load import Load, load
from benchmarks.server.models import distilbert
from benchmarks.server.options import Options, say
from benchmarks.server.ours import serving
from benchmarks.server.uncached import IN_FLIGHT, WARM_UP_SECONDS, fresh_requests
from modelyard_server import contract

TITLE = "Overload"
USERS = 1000
VARIANT = "int8"
DEPTH = 128
"""`server.queue.maxDepth`: as many as are answered in about half a second."""
SHARE = 0.9
MEMORY_SHARE = 1.25
REFUSED_MS = 250.0
OK, REFUSED = 200, 503


def measure(options: Options) -> list[Goal]:
    """Peak and overload, taking turns on one server."""
    model = options.model or distilbert()
    with tempfile.TemporaryDirectory(prefix="modelyard-bench-") as scratch, contextlib.ExitStack() as stack:
        folder = Path(scratch)
        fresh = fresh_requests(model, folder, options)
        depth = {contract.ENV_QUEUE_MAX_DEPTH: str(DEPTH)}
        ours = stack.enter_context(serving(model, folder, variant=VARIANT, environment=depth))
        load(ours, connections=IN_FLIGHT, seconds=WARM_UP_SECONDS, fresh=next(fresh))
        calm = ours.resident()
        rounds: list[tuple[Load, Load]] = []
        for n in range(options.rounds):
            peak = load(ours, connections=IN_FLIGHT, seconds=options.seconds, fresh=next(fresh))
            crowd = load(ours, connections=USERS, seconds=options.seconds, fresh=next(fresh), by_status=True)
            rounds.append((peak, crowd))
            counts = ", ".join(f"{status}: {kept.count}" for status, kept in sorted(crowd.statuses.items()))
            say(f"round {n + 1} of {options.rounds}: peak {peak.rate:.0f}/s; {USERS} users: {counts}")
        memory = ours.peak() / calm
    return told(rounds, memory)


def told(rounds: list[tuple[Load, Load]], memory: float) -> list[Goal]:
    """What the rounds say."""
    what = f"overload, {USERS} users, onnxruntime {VARIANT}"
    good = [crowd.statuses[OK].count / crowd.seconds for _, crowd in rounds if OK in crowd.statuses]
    others = [
        float(sum(kept.count for status, kept in crowd.statuses.items() if status not in (OK, REFUSED)))
        for _, crowd in rounds
    ]
    goals = [
        repeated(
            f"{what}: goodput to peak",
            [rate / peak.rate for rate, (peak, _) in zip(good, rounds, strict=True)],
            "x",
            at_least=SHARE,
            detail=f"peak: {IN_FLIGHT} in flight; queue of {DEPTH}",
        ),
        repeated(f"{what}: answers that are neither 200 nor 503", others, "answers", at_most=0),
        Goal(f"{what}: highest memory to that before", memory, "x", at_most=MEMORY_SHARE),
        repeated(f"{what}: goodput", good, "ops/s"),
        repeated(
            f"{what}: p99 of what is answered",
            [crowd.statuses[OK].p99 * 1000 for _, crowd in rounds if OK in crowd.statuses],
            "ms",
        ),
    ]
    refused = [crowd.statuses[REFUSED] for _, crowd in rounds if REFUSED in crowd.statuses]
    if refused:
        goals += [
            repeated(
                f"{what}: 503 after, p50", [kept.p50 * 1000 for kept in refused], "ms", at_most=REFUSED_MS
            ),
            repeated(f"{what}: 503 after, p99", [kept.p99 * 1000 for kept in refused], "ms"),
            repeated(
                f"{what}: 503 a second",
                [kept.count / crowd.seconds for kept, (_, crowd) in zip(refused, rounds, strict=False)],
                "ops/s",
            ),
        ]
    return goals
