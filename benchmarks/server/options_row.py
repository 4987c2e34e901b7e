"""What one choice of ONNX Runtime's options costs.

`python -m benchmarks.server.options_row FILE TOKENIZER CHOICE`; CHOICE is JSON of `Choice`. Asked `SECONDS`
(see `asked.py`), it tells items a second, processor seconds an item and resident MiB. The process holds
nothing but the session and its feeds, so its memory is less than a server's.
"""

import itertools
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort

from benchmarks.server.asked import answer, repeat
from benchmarks.server.loop import drawn_feeds

BATCH = 8
LONGEST = 512
"""Tokens of the longest text that a server is warmed up with: its memory is grown by one."""

LEVELS = {
    "all": ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
    "extended": ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "basic": ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "none": ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
}


@dataclass(frozen=True)
class Choice:
    """Options of a session.

    Attributes:
        threads: Threads inside one operator.
        spinning: Whether idle threads look for work in a loop.
        arena: Whether freed memory is kept for the next call.
        pattern: Whether a call's memory is planned as a whole from the second of its shape on.
        level: What is rewritten in the graph.
    """

    threads: int = 1
    spinning: bool = False
    arena: bool = True
    pattern: bool = True
    level: str = "all"


def session(file: Path, choice: Choice) -> ort.InferenceSession:
    """A session with these options."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = choice.threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = choice.arena
    options.enable_mem_pattern = choice.pattern
    options.graph_optimization_level = LEVELS[choice.level]
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(choice.spinning)))
    return ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def main(file: Path, tokenizer: Path, choice: Choice) -> None:
    """Measure as told."""
    batches = itertools.cycle(drawn_feeds(tokenizer, BATCH))
    run = session(file, choice).run
    long = np.ones((1, LONGEST), np.int64)
    run(None, {"input_ids": long, "attention_mask": long})

    def work() -> None:
        run(None, next(batches))

    def measure(seconds: str) -> dict[str, float]:
        calls, lasted, spent = repeat(work, float(seconds))
        items = len(calls) * BATCH
        return {"rate": items / lasted, "cost": spent / items, "resident": _resident()}

    answer(measure)


def _resident() -> float:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) / 1024


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Choice(**json.loads(sys.argv[3])))
