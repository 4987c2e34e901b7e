"""A tight loop over the engine, in a process of its own on the server's core: what it could give at most.

Run as a program: `python -m benchmarks.server.loop MODEL_FILE TOKENIZER`. Each line of its input is
`BATCH SECONDS`; it answers each with a line of JSON: items a second, the median seconds of one call, and
processor seconds an item.
The texts are tokenized beforehand and padded to the longest of their batch, in the order in which they come.
"""

import contextlib
import itertools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from benchmarks.server.options import cores
from benchmarks.server.texts import texts, vocabulary
from modelyard_server.engines import ENGINES, EngineOptions
from modelyard_server.engines.base import Array

BATCHES = (1, 2, 4, 8, 16, 32)
TEXTS = 512
SEED = 77
THREADS = 1


@dataclass(frozen=True)
class Pace:
    """Items a second, the median seconds of one call of the engine, and processor seconds an item."""

    rate: float
    call: float
    cost: float


class Loop:
    """The running program."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, batch: int, seconds: float) -> Pace:
        """Loop for a while with one batch size.

        Raises:
            RuntimeError: the program ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(batch, seconds, file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the loop ended with {self._process.wait()}")
        return Pace(**json.loads(line))

    def best_batch(self, seconds: float = 1.0) -> int:
        """The batch size of the most items a second."""
        self.run(1, seconds)
        return max(BATCHES, key=lambda batch: self.run(batch, seconds).rate)


@contextlib.contextmanager
def looping(model: Path, tokenizer: Path) -> Iterator[Loop]:
    """The program, on the core of what is measured; it waits for its input without taking time."""
    command = ["taskset", "--cpu-list", str(cores()[0])]
    command += [sys.executable, "-m", "benchmarks.server.loop", str(model), str(tokenizer)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Loop(process)
    finally:
        process.kill()
        process.communicate()


def feeds(tokenizer: Tokenizer, drawn: list[str], batch: int) -> list[dict[str, Array]]:
    """The engine's inputs for all texts in batches."""
    made = []
    for start in range(0, len(drawn) - batch + 1, batch):
        encodings = tokenizer.encode_batch(drawn[start : start + batch])
        made.append(
            {
                "input_ids": np.array([encoding.ids for encoding in encodings], dtype=np.int64),
                "attention_mask": np.array(
                    [encoding.attention_mask for encoding in encodings], dtype=np.int64
                ),
            }
        )
    return made


def main(model: Path, tokenizer_file: Path) -> None:
    """Loop as told."""
    engine = ENGINES["onnxruntime"](model, EngineOptions(THREADS))
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.enable_padding()
    drawn = list(itertools.islice(texts(vocabulary(tokenizer_file), SEED), TEXTS))
    for line in sys.stdin:
        batch, seconds = int(line.split()[0]), float(line.split()[1])
        batches = itertools.cycle(feeds(tokenizer, drawn, batch))
        calls: list[float] = []
        begin = previous = time.perf_counter()
        spent = time.process_time()
        while previous - begin < seconds:
            engine.run(next(batches))
            now = time.perf_counter()
            calls.append(now - previous)
            previous = now
        items = len(calls) * batch
        told = {
            "rate": items / (previous - begin),
            "call": statistics.median(calls),
            "cost": (time.process_time() - spent) / items,
        }
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
