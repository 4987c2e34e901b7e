"""Nothing cached, beside other servers: on the same ONNX file, and as their documentation first shows it.

Each peer has one core and one worker, batches where it can, and takes turns with ours.
"""

import itertools
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.goal import Goal, repeated
from benchmarks.server.environments import InstallError
from benchmarks.server.load import Load, LoadError, load, post, record
from benchmarks.server.models import distilbert
from benchmarks.server.options import Options, say
from benchmarks.server.ours import serving
from benchmarks.server.peer import DOCUMENTED, ONNX, OTHERS, Peer, serving_peer
from benchmarks.server.process import Process, StartError
from benchmarks.server.texts import texts, vocabulary
from benchmarks.server.uncached import IN_FLIGHT

TITLE = "Nothing cached, beside other servers"
TIMES = {ONNX: 1.0, DOCUMENTED: 3.0}
CASES = ((ONNX, "fp32"), (ONNX, "int8"), (DOCUMENTED, "fp32"))
WARM_UP_SECONDS = 2


def measure(options: Options) -> list[Goal]:
    """Ours beside one peer after the other; a peer that does not start is named with its message."""
    model = options.model or distilbert()
    goals: list[Goal] = []
    with tempfile.TemporaryDirectory(prefix="modelyard-bench-") as scratch:
        folder = Path(scratch)
        drawn = texts(vocabulary(model / "tokenizer.json"), 3)
        for form, variant in CASES:
            with serving(model, folder, variant=variant) as ours:
                for peer in OTHERS:
                    if not options.wants(peer.name):
                        continue
                    title = f"{peer.title}, {'torch' if form == DOCUMENTED else 'onnxruntime'} {variant}"
                    try:
                        with serving_peer(peer, form, model, folder, variant=variant) as theirs:
                            requests = Requests(drawn, folder, peer, form, options)
                            pairs = rounds(ours, theirs, requests, options)
                    except (InstallError, StartError, LoadError) as error:
                        say(f"{title}: not measured: {error}")
                        continue
                    goals += told(title, form, pairs)
    return goals


class Requests:
    """Files of fresh requests for ours and for a peer, of which no two hold the same text."""

    def __init__(self, drawn: Iterator[str], folder: Path, peer: Peer, form: str, options: Options) -> None:
        self._drawn = drawn
        self._folder = folder
        self._peer = peer
        self._form = form
        self._count = int(options.fresh * max(WARM_UP_SECONDS, options.seconds))

    def ours(self) -> Path:
        """A file for ours."""
        return self._written(lambda text: post("/predict", json.dumps({"text": [text]}).encode()))

    def theirs(self) -> Path:
        """A file for the peer."""
        return self._written(lambda text: self._peer.request(text, self._form))

    def _written(self, request: Callable[[str], bytes]) -> Path:
        return record(
            self._folder / "fresh", (request(text) for text in itertools.islice(self._drawn, self._count))
        )


def rounds(ours: Process, theirs: Process, requests: Requests, options: Options) -> list[tuple[Load, Load]]:
    """Runs of both, taking turns."""

    def run_ours(seconds: float) -> Load:
        return load(ours, connections=IN_FLIGHT, seconds=seconds, fresh=requests.ours())

    def run_theirs(seconds: float) -> Load:
        return load(theirs, connections=IN_FLIGHT, seconds=seconds, fresh=requests.theirs())

    run_theirs(WARM_UP_SECONDS)
    run_ours(WARM_UP_SECONDS)
    pairs: list[tuple[Load, Load]] = []
    for n in range(options.rounds):
        if n % 2:
            their = run_theirs(options.seconds)
            pairs.append((run_ours(options.seconds), their))
        else:
            our = run_ours(options.seconds)
            pairs.append((our, run_theirs(options.seconds)))
        say(
            f"{theirs.name}, round {n + 1} of {options.rounds}: ours {pairs[-1][0].rate:.1f}/s, "
            f"theirs {pairs[-1][1].rate:.1f}/s"
        )
    return pairs


def told(title: str, form: str, pairs: list[tuple[Load, Load]]) -> list[Goal]:
    """What the rounds say."""
    return [
        repeated(
            f"uncached, {IN_FLIGHT} in flight: ours to {title}",
            [our.rate / their.rate for our, their in pairs],
            "x",
            at_least=TIMES[form],
            detail="as first documented" if form == DOCUMENTED else "same ONNX file, batching on",
        ),
        repeated(title, [their.rate for _, their in pairs], "ops/s"),
        repeated(f"{title}: p99", [their.p99 * 1000 for _, their in pairs], "ms"),
        repeated(f"ours beside {title}", [our.rate for our, _ in pairs], "ops/s"),
        repeated(f"ours beside {title}: p99", [our.p99 * 1000 for our, _ in pairs], "ms"),
    ]
