"""The scripts that make and delete clusters: sound shell, and every command is said before it is done."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "clouds"
SCRIPTS = sorted(path for path in FOLDER.glob("*.sh") if path.name != "common.sh")
NAMES = {"REGISTRY": "acme", "PROJECT": "acme"}
PROGRAMS = ("az", "gcloud", "istioctl", "kubectl", "minikube", "skopeo")

scripts = pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)


def run(script: Path, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", str(script), *arguments],
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_there_is_one_for_each_cloud_that_the_issue_names() -> None:
    assert {script.stem for script in SCRIPTS} == {"aks", "gke", "minikube"}
    assert all(os.access(script, os.X_OK) for script in SCRIPTS)


def test_they_are_sound_shell() -> None:
    shellcheck = Path(sys.executable).parent / "shellcheck"
    told = subprocess.run(
        [str(shellcheck), "--external-sources", *map(str, FOLDER.glob("*.sh"))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout


@scripts
@pytest.mark.parametrize("action", ["create", "delete"])
def test_a_dry_run_says_everything_and_does_nothing(script: Path, action: str, tmp_path: Path) -> None:
    """Programs that would leave a trace are first on the PATH, and leave none."""
    for name in PROGRAMS:
        (tmp_path / name).write_text(f"#!/bin/sh\necho {name} >> {tmp_path}/trace\n")
        (tmp_path / name).chmod(0o755)
    told = run(script, action, "--dry-run", PATH=f"{tmp_path}:/usr/bin:/bin", **NAMES)
    assert told.returncode == 0, told.stderr
    said = [line for line in told.stderr.splitlines() if line.startswith("+ ")]
    assert len(said) >= 1
    assert not (tmp_path / "trace").exists()


@scripts
def test_a_command_is_said_before_it_is_done_and_a_failure_ends_it(script: Path, tmp_path: Path) -> None:
    for name in PROGRAMS:
        (tmp_path / name).write_text(f'#!/bin/sh\necho "did {name} $*" >&2\nexit 3\n')
        (tmp_path / name).chmod(0o755)
    told = run(script, "delete", PATH=f"{tmp_path}:/usr/bin:/bin", **NAMES)
    first, second = told.stderr.splitlines()
    assert told.returncode == 3
    assert first.startswith("+ ")
    assert second == f"did {first.removeprefix('+ ')}"


@scripts
def test_without_the_clouds_program_one_sentence_says_so(script: Path, tmp_path: Path) -> None:
    (tmp_path / "dirname").symlink_to("/usr/bin/dirname")
    (tmp_path / "bash").symlink_to("/bin/bash")
    told = subprocess.run(
        ["/bin/bash", str(script), "delete"],
        env={"PATH": str(tmp_path), **NAMES},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1
    assert told.stderr.endswith("is not installed\n")
    assert len(told.stderr.splitlines()) == 1


@scripts
@pytest.mark.parametrize("arguments", [(), ("make",), ("create", "delete"), ("create", "--force")])
def test_anything_else_is_answered_with_the_usage(script: Path, arguments: tuple[str, ...]) -> None:
    told = run(script, *arguments, **NAMES)
    assert told.returncode == 2
    assert told.stderr == f"usage: {script.name} create|delete [--dry-run]\n"


@pytest.mark.parametrize(("script", "variable"), [("aks", "REGISTRY"), ("gke", "PROJECT")])
def test_a_name_that_only_the_user_knows_is_asked_for(script: str, variable: str) -> None:
    told = run(FOLDER / f"{script}.sh", "create", "--dry-run")
    assert told.returncode != 0
    assert f"set {variable} to" in told.stderr
    assert "+ " not in told.stderr
