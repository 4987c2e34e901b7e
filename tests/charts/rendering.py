"""The chart as Helm renders it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.tools import helm

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "modelyard"
Objects = dict[tuple[str, str, str], dict[str, Any]]
"""By kind, namespace (empty: none) and name."""


class Refused(Exception):  # noqa: N818 - it is what Helm did
    """Helm does not render these values; the message is Helm's."""


def text(
    *arguments: str, release: str = "modelyard", namespace: str = "modelyard-system", **values: Any
) -> str:
    """The YAML of the chart.

    Raises:
        Refused: the values are wrong.
    """
    command = [helm(), "template", release, str(CHART), "-n", namespace, *arguments, "-f", "-"]
    done = subprocess.run(command, input=json.dumps(values), capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(done.stderr)
    return done.stdout


def objects(documents: str) -> Objects:
    """Objects of YAML documents."""
    found = (each for each in yaml.load_all(documents, Loader=yaml.CSafeLoader) if each)
    return {
        (each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"]): each
        for each in found
    }


def render(*arguments: str, **more: Any) -> Objects:
    """The objects of the chart, without those of `helm test`."""
    return {
        key: each
        for key, each in objects(text(*arguments, **more)).items()
        if "helm.sh/hook" not in each["metadata"].get("annotations", {})
    }
