"""Programs are built beside lint and the first tests, for as long as somebody needs them."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ahead import IN_ORDER

PATIENCE = 60.0


@pytest.fixture
def wanting() -> Iterator[subprocess.Popen[bytes]]:
    """A process that needs the programs."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def ahead(pid: int, folder: Path, go: str) -> subprocess.Popen[str]:
    """Begin with an empty cache, and a Go whose builds do what `go` says."""
    program = folder / "bin" / "go"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n[ "$1" = env ] && exec echo go1.99.0\n{go}\n')
    program.chmod(0o755)
    environment = {"PATH": f"{program.parent}:{os.environ['PATH']}", "MODELYARD_CACHE": str(folder / "cache")}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.ahead", str(pid)],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_it_ends_with_the_process_that_it_is_for(wanting: subprocess.Popen[bytes], tmp_path: Path) -> None:
    started = tmp_path / "started"
    building = ahead(wanting.pid, tmp_path, f"touch {started}; exec sleep 600")
    try:
        end = time.monotonic() + PATIENCE
        while not started.exists():
            assert time.monotonic() < end, "no build began"
            assert building.poll() is None
            time.sleep(0.05)
        assert building.poll() is None
        wanting.kill()
        wanting.wait()
        said, _ = building.communicate(timeout=PATIENCE)
    finally:
        building.kill()
    assert building.returncode == 1
    assert "what it was for has ended" in said
    assert list((tmp_path / "cache" / "bin").iterdir()) == [], "nothing half built is left"


def test_what_could_not_be_built_keeps_nothing_else_from_it(
    wanting: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    building = ahead(wanting.pid, tmp_path, "echo no such module >&2; exit 1")
    said, _ = building.communicate(timeout=PATIENCE)
    assert building.returncode == 1
    assert said.count("no such module") == len(IN_ORDER)
