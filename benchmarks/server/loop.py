"""A tight loop over the engine, in a process of its own on the server's core: what it could give at most.

Run as a program: `python -m benchmarks.server.loop MODEL_FILE TOKENIZER`, and asked `BATCH SECONDS` (see
`asked.py`). The texts are tokenized beforehand and padded to the longest of their batch, in the order in
which they come.
"""

import contextlib
import itertools
import statistics
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from benchmarks.server.asked import Asked, answer, asking, module, repeat
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

    def __init__(self, program: Asked) -> None:
        self._program = program

    def run(self, batch: int, seconds: float) -> Pace:
        """Loop for a while with one batch size.

        Raises:
            RuntimeError: the program ended.
        """
        return Pace(**self._program.ask(batch, seconds))

    def best_batch(self, seconds: float = 1.0) -> int:
        """The batch size of the most items a second."""
        self.run(1, seconds)
        return max(BATCHES, key=lambda batch: self.run(batch, seconds).rate)


@contextlib.contextmanager
def looping(model: Path, tokenizer: Path) -> Iterator[Loop]:
    """The program, on the core of what is measured."""
    with asking(module("loop", model, tokenizer)) as program:
        yield Loop(program)


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


def drawn_feeds(tokenizer_file: Path, batch: int) -> list[dict[str, Array]]:
    """The same texts in every run."""
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.enable_padding()
    drawn = list(itertools.islice(texts(vocabulary(tokenizer_file), SEED), TEXTS))
    return feeds(tokenizer, drawn, batch)


def main(model: Path, tokenizer: Path) -> None:
    """Loop as told."""
    engine = ENGINES["onnxruntime"](model, EngineOptions(THREADS))

    def measure(batch: str, seconds: str) -> Mapping[str, float]:
        batches = itertools.cycle(drawn_feeds(tokenizer, int(batch)))
        calls, lasted, spent = repeat(lambda: _ignored(engine.run(next(batches))), float(seconds))
        items = len(calls) * int(batch)
        return {"rate": items / lasted, "call": statistics.median(calls), "cost": spent / items}

    answer(measure)


def _ignored(_: object) -> None:
    """What comes of it is nobody's business here."""


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
