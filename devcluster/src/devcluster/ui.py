"""Progress of long steps: a live line on a terminal, plain lines in a log."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status

HEARTBEAT_SECONDS = 20.0
"""How often a step reports that it is alive when no terminal shows it."""


class Step:
    """A step under way; `detail` may be changed while it runs."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.detail = ""
        self.started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self.started

    def line(self) -> str:
        """What to show while it runs."""
        detail = f": {self.detail}" if self.detail else ""
        return f"{self.title}{detail} ({self.seconds:.0f} s)"


class Ui:
    """Writes to standard error, so that standard output stays for what a command was asked for."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False, soft_wrap=True)

    def say(self, text: str) -> None:
        """Print one line."""
        self.console.print(text, markup=False)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show a step while the block runs and how long it took after."""
        step = Step(title)
        ended = threading.Event()
        live = self.console.status(step.line()) if self.console.is_terminal else None
        ticker = threading.Thread(target=self._tick, args=(step, ended, live), daemon=True)
        if live:
            live.start()
        ticker.start()
        succeeded = False
        try:
            yield step
            succeeded = True
        finally:
            ended.set()
            ticker.join()
            if live:
                live.stop()
            if succeeded:
                detail = f": {step.detail}" if step.detail else ""
                self.say(f"  done  {step.title}{detail} ({step.seconds:.1f} s)")
            else:
                self.say(f"  FAILED  {step.title} (after {step.seconds:.1f} s)")

    def _tick(self, step: Step, ended: threading.Event, live: Status | None) -> None:
        """Refresh the live line each second, or print a line now and then."""
        while not ended.wait(1.0 if live else HEARTBEAT_SECONDS):
            if live:
                live.update(step.line())
            else:
                self.say(f"  ...   {step.line()}")
            sys.stderr.flush()
