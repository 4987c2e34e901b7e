"""A plain loop over pictures with no server around it.

`python -m benchmarks.server.picture_loop MODEL PICTURE…`; MODEL is the directory of an artifact for image
classification or object detection. Asked `SECONDS` (see `asked.py`), it tells pictures a second, the median
seconds of a picture and of each stage, how many boxes a picture gives, and the median seconds of the session
alone. The stages are the server's own parts, one after the other in one thread.
"""

import collections
import itertools
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.server.asked import answer, repeat
from modelyard_server.artifact.describe import Artifact, describe
from modelyard_server.artifact.detection_section import DetectionSection
from modelyard_server.artifact.infer import OBJECT_DETECTION
from modelyard_server.engines import ENGINES, Engine, EngineOptions
from modelyard_server.tasks import TASKS, Item, Limits
from modelyard_server.tasks.detection_settings import detection_settings
from modelyard_server.tasks.detections import Thresholds, find
from modelyard_server.tasks.pictures.decode import Decoder
from modelyard_server.tasks.pictures.tensors import Numbers, pixels_of

THREADS = 1
TOP_K = 5
"""Classes of an answer."""
LIMITS = Limits(max_items=1, max_item_bytes=2**24)

Mark = Callable[[str], None]
"""Told which stage has just ended."""
Work = Callable[[bytes, Mark], int]
"""Answers one picture's file; how many boxes or classes it found."""


def classifying(artifact: Artifact, engine: Engine) -> Work:
    """Decode and resize, session, the best classes."""
    task = TASKS["image-classification"](artifact, engine.signature, LIMITS)

    def work(content: bytes, mark: Mark) -> int:
        prepared = task.prepare([Item(content, TOP_K)])
        feeds = task.collate(prepared)
        mark("decode and resize")
        outputs = engine.run(feeds)
        mark("session")
        answers = task.decode(prepared, outputs)
        mark("classes")
        return len(answers)

    return work


def detecting(artifact: Artifact, engine: Engine) -> Work:
    """Decode, letterbox, session, suppression."""
    settings = detection_settings(artifact, engine.signature)
    section = artifact.manifest.detection or DetectionSection()
    wanted = Thresholds(section, settings.form).default
    decoder = Decoder("RGB", LIMITS.max_pixels, settings.letterbox.fitted)
    numbers = Numbers(
        dtype=settings.input.dtype,
        channels_first=True,
        reversed=False,
        gain=np.full(3, 1 / 255, np.float32),
        bias=np.zeros(3, np.float32),
    )

    def work(content: bytes, mark: Mark) -> int:
        decoded = decoder.decode(content)
        mark("decode")
        image, placed = settings.letterbox.place(decoded)
        tensor = numbers.tensor([pixels_of(image)])
        mark("letterbox")
        outputs = engine.run({settings.input.name: tensor})
        mark("session")
        found = find(outputs[settings.output][0], settings.form, wanted)
        boxes = placed.restore(found.boxes)
        mark("suppression")
        return len(boxes)

    return work


def session_alone(engine: Engine, seconds: float) -> float:
    """The median seconds of one call after the other, with nothing between them."""
    [spec] = engine.signature.inputs
    feeds = {spec.name: np.zeros([size or 1 for size in spec.shape], spec.dtype)}
    times, _, _ = repeat(lambda: engine.run(feeds), seconds)
    return statistics.median(times)


def main(folder: Path, pictures: list[Path]) -> None:
    """Loop as told."""
    artifact = describe(folder)
    engine = ENGINES["onnxruntime"](artifact.model_file, EngineOptions(THREADS))
    work = (detecting if artifact.task == OBJECT_DETECTION else classifying)(artifact, engine)
    contents = itertools.cycle([picture.read_bytes() for picture in pictures])

    def measure(seconds: str) -> dict[str, Any]:
        stages: dict[str, list[float]] = collections.defaultdict(list)
        found: list[int] = []
        last = 0.0

        def mark(stage: str) -> None:
            nonlocal last
            now = time.perf_counter()
            stages[stage].append(now - last)
            last = now

        def once() -> None:
            nonlocal last
            last = time.perf_counter()
            found.append(work(next(contents), mark))

        alone = session_alone(engine, float(seconds) / 4)
        times, lasted, spent = repeat(once, float(seconds))
        return {
            "session alone": alone,
            "rate": len(times) / lasted,
            "p50": statistics.median(times),
            "cost": spent / len(times),
            "found": statistics.median(found),
            "stages": {stage: statistics.median(kept) for stage, kept in stages.items()},
        }

    answer(measure)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
