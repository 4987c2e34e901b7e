"""A goal and what was measured against it."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Goal:
    """One measured value and the bound it is meant to keep."""

    name: str
    value: float
    unit: str
    at_most: float
    detail: str = ""

    @property
    def holds(self) -> bool:
        """Whether the value keeps the bound."""
        return self.value <= self.at_most

    def line(self) -> str:
        """For people: name, value, goal, verdict."""
        verdict = "holds" if self.holds else "falls short"
        goal = f"goal <= {self.at_most:g} {self.unit}"
        text = f"{self.name:44} {self.value:10.3f} {self.unit:7} {goal:22} {verdict}"
        return f"{text}  ({self.detail})" if self.detail else text


def write(goals: Sequence[Goal], path: Path) -> None:
    """The goals as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{**dataclasses.asdict(goal), "holds": goal.holds} for goal in goals]
    path.write_text(json.dumps(rows, indent=2) + "\n")
