"""The named scenarios, as `k6/scenarios.json` has them for k6, Locust and this program alike."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "k6"
SCRIPT: Final = "predict.js"


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of a load during which the number of users goes evenly to another.

    Attributes:
        name: What it is called in a report.
        seconds: How long it takes.
        users: How many there are at its end.
    """

    name: str
    seconds: int
    users: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """A load.

    Attributes:
        name: Of the scenario.
        says: What it is, in a few words.
        payload: `text` or `picture`.
        cache_rate: Share of the requests whose item was asked before, 0 to 1.
        stages: In their order.
        thresholds: k6's conditions, by metric.
    """

    name: str
    says: str
    payload: str
    cache_rate: float
    stages: tuple[Stage, ...]
    thresholds: Mapping[str, tuple[str, ...]]

    @property
    def seconds(self) -> int:
        """How long it takes, without what ends late."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def users(self) -> int:
        """How many there are at the most."""
        return max(stage.users for stage in self.stages)


def scenario(name: str, *, short: bool = False) -> Scenario:
    """A scenario in its full or its short form."""
    written = _written()[name]
    stages = written["short" if short else "stages"]
    return Scenario(
        name=name,
        says=written["says"],
        payload=written["payload"],
        cache_rate=written["cacheRate"],
        stages=tuple(Stage(**stage) for stage in stages),
        thresholds={metric: tuple(sources) for metric, sources in written["thresholds"].items()},
    )


def names() -> tuple[str, ...]:
    """Every scenario."""
    return tuple(_written())


def _written() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "scenarios.json").read_text(encoding="utf-8"))
    return found
