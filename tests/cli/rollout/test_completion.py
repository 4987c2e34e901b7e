"""What a shell is offered."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.cli.rollout.conftest import Raw
from tests.cli.view.resources import waiting
from tests.control_plane import ControlPlane

pytestmark = pytest.mark.integration


def completed(kubeconfig: Path, *words: str) -> list[str]:
    """What a shell is offered for the last word, by the installed program."""
    environment = {
        **os.environ,
        "_MODELYARD_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(("modelyard", *words)),
        "COMP_CWORD": str(len(words)),
        "KUBECONFIG": str(kubeconfig),
    }
    program = Path(sys.executable).with_name("modelyard")
    done = subprocess.run([program], env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return [each.partition(",")[2] for each in done.stdout.split()]


def test_the_shell_completes_names_and_revisions(
    plane: ControlPlane, resource: Callable[[Raw], Raw], tmp_path: Path
) -> None:
    resource(waiting())
    kubeconfig = plane.kubeconfig()
    assert completed(kubeconfig, "status", "-n", "team", "sen") == ["sentiment"]
    assert completed(kubeconfig, "status", "-n", "nowhere", "sen") == []
    assert completed(kubeconfig, "rollback", "-n", "team", "sentiment", "r") == ["rold"]
    assert set(completed(kubeconfig, "re")) == {"refresh", "reject", "replay", "resume", "retry"}
    assert completed(tmp_path / "missing", "status", "s") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(call: Call, shell: str) -> None:
    assert "_MODELYARD_COMPLETE" in call("completion", shell).output
