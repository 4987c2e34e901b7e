"""A goal and what was measured against it."""

import dataclasses
import json
import os
import platform
import statistics
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
    """None: there is no upper bound."""
    detail: str = ""
    at_least: float | None = None
    """None: there is no lower bound; with neither, the value is told as information."""
    low: float | None = None
    """Least of repeated runs, of which `value` is the median; None: it was measured once."""
    high: float | None = None

    @property
    def holds(self) -> bool | None:
        """Whether the value keeps its bounds; None: there are none."""
        if self.at_most is None and self.at_least is None:
            return None
        return (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )

    @property
    def bound(self) -> str:
        """The goal in words; empty: there is none."""
        bounds = (("<=", self.at_most), (">=", self.at_least))
        return " and ".join(f"{sign} {bound:g} {self.unit}" for sign, bound in bounds if bound is not None)

    @property
    def verdict(self) -> str:
        """`holds`, `falls short`, or `information` where there is no bound."""
        return {True: "holds", False: "falls short", None: "information"}[self.holds]

    @property
    def spread(self) -> str:
        """Least and greatest of the runs; empty: there was one."""
        return "" if self.low is None or self.high is None else f"{self.low:.4g} to {self.high:.4g}"

    def line(self) -> str:
        """For people: name, value, spread, goal, verdict."""
        goal = f"goal {self.bound}" if self.bound else ""
        text = f"{self.name:58} {self.value:10.3f} {self.unit:7} {self.spread:18} {goal:18} {self.verdict:11}"
        return f"{text}  ({self.detail})" if self.detail else text


def repeated(
    name: str,
    values: Sequence[float],
    unit: str,
    *,
    at_most: float | None = None,
    at_least: float | None = None,
    detail: str = "",
) -> Goal:
    """A goal on the median of several runs, with their spread."""
    return Goal(
        name,
        statistics.median(values),
        unit,
        at_most=at_most,
        at_least=at_least,
        detail=detail,
        low=min(values),
        high=max(values),
    )


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


def read(path: Path) -> list[Goal]:
    """The goals that `write` wrote; none where nothing was measured."""
    if not path.exists():
        return []
    rows = json.loads(path.read_text())["goals"]
    fields = {field.name for field in dataclasses.fields(Goal)}
    return [Goal(**{name: value for name, value in row.items() if name in fields}) for row in rows]
