"""What Helm says after an installation."""

import os
import re
import subprocess

from tests.charts.rendering import CHART, ROOT
from tests.tools import helm


def test_the_notes_name_a_chart_that_is_there() -> None:
    done = subprocess.run(
        [helm(), "install", "acme", str(CHART), "-n", "ml", "--dry-run=client"],
        env={**os.environ, "KUBECONFIG": os.devnull},
        capture_output=True,
        text=True,
        check=True,
    )
    notes = done.stdout.partition("\nNOTES:\n")[2]
    [named] = re.findall(r"helm install NAME (\S+) .*--take-ownership", notes)
    assert (ROOT / named / "Chart.yaml").is_file()
    [page, heading] = re.findall(r'kustomize .*?: (\S+) says what, under "(\w+)"', notes)[0]
    assert f"\n## {heading}\n" in (ROOT / page).read_text()
