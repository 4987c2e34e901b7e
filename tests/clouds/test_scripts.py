"""The scripts that make and delete clusters: sound shell, and every command is said before it is done."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "clouds"
PAGES = FOLDER.parent / "docs" / "clouds"
SCRIPTS = sorted(path for path in FOLDER.glob("*.sh") if path.name != "common.sh")
NAMES = {"REGISTRY": "acme", "PROJECT": "acme"}
PROGRAMS = ("az", "gcloud", "gke-gcloud-auth-plugin", "istioctl", "kubectl", "minikube", "python3", "skopeo")

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


def needed(script: Path) -> list[str]:
    """The programs that a script asks for before it begins."""
    lines = re.findall(r"^ *need (.*)$", script.read_text() + (FOLDER / "common.sh").read_text(), re.M)
    return [name for line in lines for name in line.split()]


def stand_in(folder: Path, **answers: str) -> Path:
    """Programs in `folder` that note how they are called, and with what login; returns the notes.

    `answers` are lines of shell, by program: its arguments are `$*`. python3 is new enough, and builds.
    """
    notes = folder / "notes"
    notes.touch()
    building = f'[ "$1" = -c ] || echo localhost/modelyard-server:abc {folder}/server.tar'
    for name in PROGRAMS:
        noted = "" if name == "python3" else f'echo "{name} $*" >> {notes}'
        words = f'case "$1" in login) cat >> {notes};; esac' if name == "skopeo" else ""
        answer = answers.get(name, building if name == "python3" else "")
        (folder / name).write_text(f"#!/bin/sh\n{noted}\n{words}\n{answer}\n")
        (folder / name).chmod(0o755)
    for name in ("bash", "cat", "dirname", "sh"):
        (folder / name).symlink_to(shutil.which(name) or name)
    return notes


def test_each_cloud_that_has_a_page_has_one_but_for_eks_which_eksctl_makes() -> None:
    assert {script.stem for script in SCRIPTS} == {page.stem for page in PAGES.glob("*.md")} - {"eks"}
    assert all(os.access(script, os.X_OK) for script in SCRIPTS)


@scripts
def test_the_page_names_every_program_that_is_asked_for(script: Path) -> None:
    page = (PAGES / f"{script.stem}.md").read_text().partition("\n## ")[0]
    assert [name for name in needed(script) if f"`{name}`" not in page] == []


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


@scripts
@pytest.mark.parametrize(
    ("python", "said"),
    [
        ("exit 1", "python3 is older than 3.11"),
        ('[ "$1" = -c ] || { echo no builder >&2; exit 1; }', "no builder"),
    ],
    ids=["old", "no builder"],
)
def test_a_machine_that_cannot_build_is_told_before_any_cloud_is_asked(
    script: Path, python: str, said: str, tmp_path: Path
) -> None:
    notes = stand_in(tmp_path, python3=python)
    told = run(script, "create", PATH=str(tmp_path), **NAMES)
    assert told.returncode == 1
    assert told.stderr.splitlines()[-1].endswith(said)
    assert notes.read_text() == ""


@pytest.mark.parametrize(
    ("script", "program"),
    [(script, program) for script in SCRIPTS for program in needed(script)],
    ids=lambda each: getattr(each, "stem", each),
)
def test_a_program_that_is_missing_is_told_before_any_cloud_is_asked(
    script: Path, program: str, tmp_path: Path
) -> None:
    notes = stand_in(tmp_path)
    (tmp_path / program).unlink()
    told = run(script, "create", PATH=str(tmp_path), **NAMES)
    assert (told.returncode, told.stderr) == (1, f"{script.name}: {program} is not installed\n")
    assert notes.read_text() == ""


def clusters(notes: str) -> list[str]:
    """Commands that make what is paid for by the hour."""
    return [
        line for line in notes.splitlines() if re.search(r"(aks|clusters|node-pools) create|pool add", line)
    ]


@scripts
def test_the_images_are_in_the_registry_before_a_cluster_is_made(script: Path, tmp_path: Path) -> None:
    missing = 'case "$*" in *loginServer*|*registryUri*) echo here;; *" show "*|*" describe "*) exit 3;; esac'
    notes = stand_in(tmp_path, az=missing, gcloud=missing)
    told = run(script, "create", PATH=str(tmp_path), **NAMES)
    assert told.returncode == 0, told.stderr
    said = notes.read_text()
    if script.stem != "minikube":
        assert len(clusters(said)) == 2
        assert said.index("skopeo copy") < said.index(clusters(said)[0])
    assert f"{tmp_path}/server.tar" in said


@pytest.mark.parametrize("script", ["aks", "gke"])
def test_a_second_run_makes_nothing_twice(script: str, tmp_path: Path) -> None:
    notes = stand_in(tmp_path)
    told = run(FOLDER / f"{script}.sh", "create", PATH=str(tmp_path), **NAMES)
    assert told.returncode == 0, told.stderr
    assert clusters(notes.read_text()) == []
    assert not re.search(r"acr create|repositories create", notes.read_text())
    assert "get-credentials" in notes.read_text()


@pytest.mark.parametrize(("script", "asked"), [("aks", "--expose-token"), ("gke", "print-access-token")])
def test_skopeo_is_logged_in_by_a_token_that_is_not_shown(script: str, asked: str, tmp_path: Path) -> None:
    answer = (
        f'case "$*" in *{asked}*) echo t0ken;; *loginServer*|*registryUri*) echo registry.example.com;; esac'
    )
    notes = stand_in(tmp_path, az=answer, gcloud=answer)
    told = run(FOLDER / f"{script}.sh", "create", PATH=str(tmp_path), **NAMES)
    assert told.returncode == 0, told.stderr
    assert re.search(r"skopeo login registry\.example\.com .*--password-stdin\nt0ken\n", notes.read_text())
    assert "t0ken" not in told.stderr + told.stdout
