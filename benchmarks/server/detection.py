"""YOLOv8n at 640: ours over HTTP beside a plain loop of its stages, and beside Ultralytics' own predict.

Nothing is cached. The weights are random; `peers/ultralytics/export.py` says how suppression gets work.
"""

import contextlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.goal import Goal, repeated
from benchmarks.server import environments
from benchmarks.server.asked import Asked, asking, module
from benchmarks.server.load import Load, differing, load, post, record
from benchmarks.server.models import VISION, vision
from benchmarks.server.options import Options, say
from benchmarks.server.ours import serving
from benchmarks.server.process import Process

TITLE = "YOLOv8n at 640"
SHARE = 0.9
TIMES = 1.1
IN_FLIGHT = 4
COPIES = 64
"""Of the picture: requests that are under way must differ, or they are answered as one."""
WARM_UP_SECONDS = 1


@dataclass(frozen=True)
class Round:
    """Each of them, one after the other."""

    loop: dict[str, Any]
    one: Load
    many: Load
    predict: dict[str, Any] | None


def measure(options: Options) -> list[Goal]:
    """All of them, taking turns."""
    folder = options.model or vision()
    model, picture = folder / "detector", folder / "pictures" / "large.jpg"
    confidence = json.loads((model / "modelyard.json").read_text())["detection"]["confidence"]
    with tempfile.TemporaryDirectory(prefix="modelyard-bench-") as scratch, contextlib.ExitStack() as stack:
        files = differing(picture.read_bytes(), COPIES)
        file = record(
            Path(scratch) / "pictures", (post("/predict", content, "image/jpeg") for content in files)
        )
        ours = stack.enter_context(serving(model, Path(scratch)))
        loop = stack.enter_context(asking(module("picture_loop", model, picture)))
        predict = None
        if options.wants(VISION):
            program = environments.PEERS / VISION / "predict.py"
            command = [str(environments.python(VISION)), str(program)]
            command += [str(model / "model.onnx"), str(confidence), str(picture)]
            alone = {"OMP_NUM_THREADS": "1", "YOLO_OFFLINE": "true", "YOLO_CONFIG_DIR": scratch}
            predict = stack.enter_context(asking(command, environment=alone))
        return told(rounds(ours, loop, predict, file, options))


def rounds(ours: Process, loop: Asked, predict: Asked | None, file: Path, options: Options) -> list[Round]:
    """The four, taking turns."""
    seconds = options.seconds
    load(ours, connections=IN_FLIGHT, seconds=WARM_UP_SECONDS, fresh=file, again=True)
    loop.ask(WARM_UP_SECONDS)
    if predict is not None:
        predict.ask(WARM_UP_SECONDS)
    found = []
    for n in range(options.rounds):
        last = Round(
            loop=loop.ask(seconds),
            one=load(ours, connections=1, seconds=seconds, fresh=file, again=True),
            many=load(ours, connections=IN_FLIGHT, seconds=seconds, fresh=file, again=True),
            predict=None if predict is None else predict.ask(seconds),
        )
        found.append(last)
        beside = "" if last.predict is None else f", Ultralytics {last.predict['rate']:.1f}/s"
        say(
            f"round {n + 1} of {options.rounds}: loop {last.loop['rate']:.1f}/s, ours "
            f"{last.many.rate:.1f}/s, one at a time {last.one.p50 * 1000:.1f} ms{beside}"
        )
    return found


def told(found: list[Round]) -> list[Goal]:
    """What the rounds say."""
    what = "YOLOv8n 640, onnxruntime fp32"
    boxes = f"{found[0].loop['found']:.0f} boxes a picture"
    goals = [
        repeated(
            f"{what}: ours over HTTP, {IN_FLIGHT} in flight, to the plain loop, pictures a second",
            [one.many.rate / one.loop["rate"] for one in found],
            "x",
            at_least=SHARE,
            detail=boxes,
        ),
        repeated(
            f"{what}: ours over HTTP, 1 in flight, to the plain loop, p50",
            [one.one.p50 / one.loop["p50"] for one in found],
            "x",
            at_most=TIMES,
        ),
        repeated(f"{what}: ours, {IN_FLIGHT} in flight", [one.many.rate for one in found], "ops/s"),
        repeated(f"{what}: ours, 1 in flight, p50", [one.one.p50 * 1000 for one in found], "ms"),
        repeated(f"{what}: plain loop", [one.loop["rate"] for one in found], "ops/s"),
        *(
            repeated(
                f"{what}: plain loop, share of {stage}",
                [100 * one.loop["stages"][stage] / sum(one.loop["stages"].values()) for one in found],
                "%",
                detail=f"{found[0].loop['stages'][stage] * 1000:.2f} ms",
            )
            for stage in found[0].loop["stages"]
        ),
    ]
    beside = [(one, one.predict) for one in found if one.predict is not None]
    if beside:
        goals += [
            repeated(
                f"{what}: ours over HTTP, 1 in flight, to Ultralytics' predict, p50",
                [one.one.p50 / predict["p50"] for one, predict in beside],
                "x",
                detail=f"the same ONNX file; {beside[0][1]['found']:.0f} boxes a picture",
            ),
            repeated(f"{what}: Ultralytics' predict", [predict["rate"] for _, predict in beside], "ops/s"),
            *(
                repeated(
                    f"{what}: Ultralytics' predict, {stage}",
                    [predict["stages"][stage] * 1000 for _, predict in beside],
                    "ms",
                )
                for stage in beside[0][1]["stages"]
            ),
        ]
    return goals
