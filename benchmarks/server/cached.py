"""Every answer cached, beside a bare uvicorn application that parses and answers the same JSON.

Ours does it with its metrics, request ids, time to live, keyed hashes and Redis configured; the bare
application has a dictionary.
"""

import contextlib
import itertools
import json
import sys
import tempfile
from pathlib import Path

import httpx

from benchmarks.goal import Goal, repeated
from benchmarks.server.load import Load, load, post, record
from benchmarks.server.models import distilbert
from benchmarks.server.options import Options, say
from benchmarks.server.ours import redis, serving
from benchmarks.server.process import Process, running
from benchmarks.server.texts import texts, vocabulary
from tests.ports import free_port

TITLE = "All answers cached"
CONNECTIONS = 32
DIFFERENT = 100
ITEMS = (1, 3)
SHARE = 0.8


def measure(options: Options) -> list[Goal]:
    """Both servers, taking turns, for requests of one text and of three."""
    model = options.model or distilbert()
    words = vocabulary(model / "tokenizer.json")
    with tempfile.TemporaryDirectory(prefix="modelyard-bench-") as scratch, contextlib.ExitStack() as stack:
        folder = Path(scratch)
        url = stack.enter_context(redis(folder))
        ours = stack.enter_context(serving(model, folder, variant="int8", cache_url=url))
        known: dict[str, object] = {}
        files = {}
        for items in ITEMS:
            drawn = texts(words, items)
            bodies = [{"text": list(itertools.islice(drawn, items))} for _ in range(DIFFERENT)]
            for body in bodies:
                answer = httpx.post(f"{ours.url}/predict", json=body, timeout=60).raise_for_status().json()
                known |= dict(zip(body["text"], answer["predictions"], strict=True))
            requests = (post("/predict", json.dumps(body).encode()) for body in bodies)
            files[items] = record(folder / f"requests-{items}", requests)
        answers = folder / "answers.json"
        answers.write_text(json.dumps(known))
        port = free_port()
        command = [sys.executable, "-m", "uvicorn", "benchmarks.server.bare:app", "--port", str(port)]
        command += ["--loop", "uvloop", "--http", "httptools", "--lifespan", "off", "--no-access-log"]
        bare = stack.enter_context(
            running(
                "bare uvicorn",
                command,
                log=folder / "bare.log",
                url=f"http://127.0.0.1:{port}",
                environment={"BENCH_ANSWERS": str(answers)},
            )
        )
        probe = {"text": [next(iter(known))]}
        bare.wait_for(lambda: httpx.post(bare.url, json=probe).is_success)
        goals: list[Goal] = []
        for items, file in files.items():
            both = (ours, bare)
            for server in both:
                load(server, connections=CONNECTIONS, seconds=1, repeated=file, share=0)
            pairs: list[tuple[Load, Load]] = []
            for n in range(options.rounds):
                # Whoever goes first, goes second the next time.
                order = both if n % 2 == 0 else both[::-1]
                runs = {
                    server.name: load(
                        server, connections=CONNECTIONS, seconds=options.seconds, repeated=file, share=0
                    )
                    for server in order
                }
                pairs.append((runs[ours.name], runs[bare.name]))
                say(
                    f"{items} texts, round {n + 1} of {options.rounds}: ours {pairs[-1][0].rate:,.0f}/s, "
                    f"bare {pairs[-1][1].rate:,.0f}/s"
                )
            goals += told(items, pairs)
        return goals + alone((ours, bare), files[ITEMS[0]], options)


def alone(servers: tuple[Process, Process], file: Path, options: Options) -> list[Goal]:
    """What HTTP takes on this machine where nothing else is going on."""
    ours, bare = (
        [
            load(server, connections=1, seconds=1, repeated=file, share=0).p50 * 1e6
            for _ in range(options.rounds)
        ]
        for server in servers
    )
    return [
        repeated("cached, 1 text a request, 1 in flight: ours, p50", ours, "us"),
        repeated("cached, 1 text a request, 1 in flight: bare uvicorn, p50", bare, "us"),
    ]


def told(items: int, pairs: list[tuple[Load, Load]]) -> list[Goal]:
    """What the rounds say."""
    what = f"cached, {items} text{'s' if items > 1 else ''} a request"
    detail = f"{CONNECTIONS} connections, {DIFFERENT} different requests"
    return [
        repeated(
            f"{what}: ours to bare uvicorn, requests a second",
            [ours.rate / bare.rate for ours, bare in pairs],
            "x",
            at_least=SHARE,
            detail=detail,
        ),
        repeated(
            f"{what}: the same by processor time a request",
            [bare.cost / ours.cost for ours, bare in pairs],
            "x",
            detail="holds on a busy machine too",
        ),
        repeated(f"{what}: ours", [ours.rate for ours, _ in pairs], "ops/s"),
        repeated(f"{what}: bare uvicorn", [bare.rate for _, bare in pairs], "ops/s"),
        repeated(f"{what}: ours, p99", [ours.p99 * 1000 for ours, _ in pairs], "ms"),
    ]
