"""`python -m grafana [FOLDER]`: write every dashboard as JSON."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grafana.board import text
from grafana.fleet import fleet
from grafana.inference import inference
from grafana.operations import operations
from grafana.rollout import rollout

FOLDER = Path(__file__).parent / "dashboards"


def dashboards() -> Mapping[str, dict[str, Any]]:
    """Every dashboard by the name of its file."""
    return {
        "inference.json": inference(),
        "rollout.json": rollout(),
        "operator.json": operations(),
        "fleet.json": fleet(),
    }


def write(folder: Path) -> None:
    """Write them all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, found in dashboards().items():
        (folder / name).write_text(text(found), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
