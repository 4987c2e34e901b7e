"""The commands of docs/install.md that bring the images."""

import os
import subprocess
from pathlib import Path

import pytest

from charts.written import images
from docsite.page import fences
from modelyard_cli.loadtest.job import IMAGE as K6
from tests.charts.rendering import ROOT

VARIANT = "modelyard-server-openvino"
"""Built where it is wanted."""


def script(heading: str) -> str:
    """The first block of shell below a heading of the page."""
    _, found, section = (ROOT / "docs/install.md").read_text().partition(f"\n## {heading}\n")
    assert found
    return next(fences(section, "sh")).body


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder like this repository in which a build is instant, and skopeo notes what it copies."""
    built = "".join(f"echo localhost/modelyard-{part}:abc /{part}.tar\n" for part in ("operator", "server"))
    programs = {
        "bin/make": "",
        "bin/skopeo": f'echo "$*" >> {tmp_path}/copied\n',
        ".venv/bin/python": built,
    }
    for name, body in programs.items():
        program = tmp_path / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\n{body}")
        program.chmod(0o755)
    (tmp_path / "charts").symlink_to(ROOT / "charts")
    return tmp_path


def copied(clone: Path, heading: str) -> dict[str, str]:
    """What the page's block copies, by where it is copied to below the registry."""
    environment = {
        **os.environ,
        "PATH": f"{clone}/bin:{os.environ['PATH']}",
        "REGISTRY": "registry.example.com/modelyard",
    }
    subprocess.run(["bash", "-eu", "-c", script(heading)], cwd=clone, env=environment, check=True)
    lines = [line.split() for line in (clone / "copied").read_text().splitlines()]
    return {to.removeprefix("docker://registry.example.com/modelyard/"): source for *_, source, to in lines}


def test_after_the_pages_commands_the_registry_has_what_the_chart_pulls(clone: Path) -> None:
    there = copied(clone, "First the images")
    assert {each for each in images() if each != K6 and VARIANT not in each} == set(there)
    assert there["modelyard-operator:0.1.0"] == "docker-archive:/operator.tar"


def test_only_what_others_publish_is_mirrored(clone: Path) -> None:
    there = copied(clone, "Images")
    assert set(there) == {each for each in images() if not each.startswith("modelyard-")}
    assert all(source == f"docker://{image}" for image, source in there.items())
