"""A classifier of 5 to 6 MB: what its session takes, and what an HTTP request with a JPEG takes.

Nothing is cached. The session's time is that of the plain loop over the same pictures (`picture_loop.py`).
"""

import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.goal import Goal, repeated
from benchmarks.server.asked import Asked, asking, module
from benchmarks.server.load import Load, differing, load, post, record
from benchmarks.server.models import vision
from benchmarks.server.options import Options, say
from benchmarks.server.ours import serving
from benchmarks.server.picture_loop import TOP_K
from benchmarks.server.process import Process

TITLE = "A 5 to 6 MB image classifier"
PATH = f"/predict?top_k={TOP_K}"
SIDES = (96, 224)
HELD = 96
"""The side that the bounds are for."""
SESSION_MICROSECONDS = 400.0
HTTP_MILLISECONDS = 2.0
USERS = 75
"""At so many users at once an image API that is often shown as an example stopped answering."""
COPIES = 16
"""Of each picture: requests that are under way must differ, or they are answered as one."""
WARM_UP_SECONDS = 1


@dataclass(frozen=True)
class Round:
    """The loop, one user and many, one after the other."""

    loop: dict[str, Any]
    one: Load
    many: Load


def measure(options: Options) -> list[Goal]:
    """Each size of the model's picture."""
    folder = options.model or vision()
    pictures = sorted((folder / "pictures").glob("small-*.jpg"))
    goals: list[Goal] = []
    with tempfile.TemporaryDirectory(prefix="modelyard-bench-") as scratch:
        files = [copy for picture in pictures for copy in differing(picture.read_bytes(), COPIES)]
        file = record(Path(scratch) / "pictures", (post(PATH, content, "image/jpeg") for content in files))
        for side in SIDES:
            model = folder / f"classifier-{side}"
            with contextlib.ExitStack() as stack:
                ours = stack.enter_context(serving(model, Path(scratch)))
                loop = stack.enter_context(asking(module("picture_loop", model, *pictures)))
                goals += told(side, rounds(side, ours, loop, file, options))
    return goals


def rounds(side: int, ours: Process, loop: Asked, file: Path, options: Options) -> list[Round]:
    """The three, taking turns."""
    seconds = max(1.0, options.seconds / 2)
    load(ours, connections=USERS, seconds=WARM_UP_SECONDS, fresh=file, again=True)
    loop.ask(WARM_UP_SECONDS)
    found = []
    for n in range(options.rounds):
        found.append(
            Round(
                loop=loop.ask(seconds),
                one=load(ours, connections=1, seconds=seconds, fresh=file, again=True),
                many=load(ours, connections=USERS, seconds=seconds, fresh=file, again=True),
            )
        )
        last = found[-1]
        say(
            f"{side} x {side}, round {n + 1} of {options.rounds}: session "
            f"{last.loop['session alone'] * 1e6:.0f} us, HTTP {last.one.p50 * 1000:.2f} ms, "
            f"{USERS} users {last.many.rate:.0f}/s"
        )
    return found


def told(side: int, found: list[Round]) -> list[Goal]:
    """What the rounds say."""
    what = f"{side} x {side}, onnxruntime fp32"
    held = side == HELD
    stages = list(found[0].loop["stages"])
    return [
        repeated(
            f"{what}: session, p50",
            [one.loop["session alone"] * 1e6 for one in found],
            "us",
            at_most=SESSION_MICROSECONDS if held else None,
            detail="published: 400 us for a classifier on SageMaker" if held else "",
        ),
        repeated(
            f"{what}: HTTP, 1 in flight, p50",
            [one.one.p50 * 1000 for one in found],
            "ms",
            at_most=HTTP_MILLISECONDS if held else None,
            detail=f"a JPEG of 256 x 256, the best {TOP_K} of 1,000 classes",
        ),
        repeated(f"{what}: HTTP, 1 in flight, p99", [one.one.p99 * 1000 for one in found], "ms"),
        *(
            repeated(f"{what}: plain loop, {stage}", [one.loop["stages"][stage] * 1e6 for one in found], "us")
            for stage in stages
        ),
        repeated(
            f"{what}: {USERS} users to the plain loop, pictures a second",
            [one.many.rate / one.loop["rate"] for one in found],
            "x",
        ),
        repeated(
            f"{what}: {USERS} users",
            [one.many.rate for one in found],
            "ops/s",
            detail="every answer a 200",
        ),
        repeated(f"{what}: {USERS} users, p99", [one.many.p99 * 1000 for one in found], "ms"),
    ]
