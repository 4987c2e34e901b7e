"""A goal and what was measured against it."""

import dataclasses
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Goal:
    """One measured value and the bound it is meant to keep."""

    name: str
    value: float
    unit: str
    at_most: float | None = None
    """None: told as information, with no bound."""
    detail: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the value keeps the bound; None: there is none."""
        return None if self.at_most is None else self.value <= self.at_most

    def line(self) -> str:
        """For people: name, value, goal, verdict."""
        verdict = {True: "holds", False: "falls short", None: "information"}[self.holds]
        goal = "" if self.at_most is None else f"goal <= {self.at_most:g} {self.unit}"
        text = f"{self.name:50} {self.value:9.3f} {self.unit:7} {goal:18} {verdict:11}"
        return f"{text}  ({self.detail})" if self.detail else text


def write(goals: Sequence[Goal], path: Path) -> None:
    """The goals as JSON, with the machine that they were measured on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    machine = {
        "cores": os.cpu_count(),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "kernel": platform.release(),
        "python": platform.python_version(),
    }
    rows = [{**dataclasses.asdict(goal), "holds": goal.holds} for goal in goals]
    path.write_text(json.dumps({"machine": machine, "goals": rows}, indent=2) + "\n")
