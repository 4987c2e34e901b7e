"""One thing that was looked for."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """How it bears on the user."""

    OK = "ok"
    """It is there."""
    ABSENT = "absent"
    """It is not there, and need not be."""
    WARNING = "warning"
    """Something that is asked for often will not work."""
    PROBLEM = "problem"
    """Modelyard does not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found.

    Attributes:
        name: What was looked for.
        level: How it bears on the user.
        found: What is there, with its version where that can be told.
        means: What that means, and what to do.
    """

    name: str
    level: Level
    found: str
    means: str

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for -o json and -o yaml."""
        return {"name": self.name, "level": str(self.level), "found": self.found, "means": self.means}
