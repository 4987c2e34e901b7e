"""How long and against what the server is measured."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """The same for every goal.

    Attributes:
        seconds: Length of one timed run.
        rounds: Timed runs of each side; they take turns.
        peers: Names of the peers to measure against; None: all.
        model: Directory of an artifact to use instead of the goal's own model; for the short form.
        fresh: Texts that are prepared for each second of a run in which none is asked twice: more than any
            form of the model gives on one core.
    """

    seconds: float = 5.0
    rounds: int = 3
    peers: tuple[str, ...] | None = None
    model: Path | None = None
    fresh: int = 2000

    def wants(self, peer: str) -> bool:
        """Whether a peer is to be measured."""
        return self.peers is None or peer in self.peers


def cache_dir() -> Path:
    """What is made once and kept: models and the peers' environments."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "modelyard" / "bench"


def cores() -> tuple[int, int]:
    """(core of what is measured, core of load generator and Redis); the same one where there is only one."""
    available = sorted(os.sched_getaffinity(0))
    return available[0], available[-1]


def say(what: str) -> None:
    """Progress on the terminal."""
    print(f"  {what}", flush=True)
