"""A program that measures when it is asked: it reads a line, works, and answers with a line of JSON.

Between questions it takes no time, so that it can share its core with a server under measurement.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from benchmarks.server.options import cores as chosen_cores


class Asked:
    """The running program."""

    def __init__(self, process: subprocess.Popen[str], command: Sequence[str]) -> None:
        self._process = process
        self._command = command

    def ask(self, *words: object) -> Any:
        """Its answer to a line of these words.

        Raises:
            RuntimeError: the program ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            print(*words, file=self._process.stdin, flush=True)
        # Libraries may have something to say as well.
        line = next((line for line in self._process.stdout if line.startswith("{")), None)
        if line is None:
            raise RuntimeError(f"{' '.join(self._command)} ended with {self._process.wait()}")
        return json.loads(line)


@contextlib.contextmanager
def asking(
    command: Sequence[str], *, environment: Mapping[str, str] | None = None, cores: str | None = None
) -> Iterator[Asked]:
    """The program, on the core of what is measured unless told otherwise; ended on leaving.

    Args:
        command: Its command line.
        environment: Variables besides this process' own.
        cores: The cores that it may use, as `taskset` has them.
    """
    pinned = ["taskset", "--cpu-list", cores or str(chosen_cores()[0]), *command]
    process = subprocess.Popen(
        pinned,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    try:
        yield Asked(process, command)
    finally:
        process.kill()
        process.communicate()


def module(name: str, *arguments: object) -> list[str]:
    """The command line of a module of the benchmarks."""
    return [sys.executable, "-m", f"benchmarks.server.{name}", *map(str, arguments)]


def answer(measure: Callable[..., Mapping[str, Any]]) -> None:
    """The program's side: answer every line of the standard input."""
    for line in sys.stdin:
        print(json.dumps(measure(*line.split())), flush=True)


def repeat(work: Callable[[], object], seconds: float) -> tuple[list[float], float, float]:
    """Do something again and again: (seconds of each time, seconds of all, processor seconds of all)."""
    times: list[float] = []
    spent = time.process_time()
    begin = previous = time.perf_counter()
    while previous - begin < seconds:
        work()
        now = time.perf_counter()
        times.append(now - previous)
        previous = now
    return times, previous - begin, time.process_time() - spent
