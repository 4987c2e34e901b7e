"""The Locust file with the real Locust, whose libraries live in an environment of their own."""

import csv
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from devcluster.config import Settings
from devcluster.lock import exclusive
from tests.server.conftest import Launch, launch
from tests.server.models import text_model

__all__ = ["launch"]

pytestmark = pytest.mark.integration

FOLDER = Path(__file__).parents[2] / "loadtest"


def locust() -> str:
    """Installed as its lock has it, once."""
    lock = FOLDER / "requirements.lock"
    version = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:12]
    directory = Settings.from_environment().cache_dir / f"locust-{version}"
    with exclusive(directory.with_suffix(".lock"), waiting=print):
        if not (directory / ".ready").exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(directory)], check=True)
            install = ["-m", "pip", "install", "-q", "--no-deps", "--require-hashes", "-r", str(lock)]
            subprocess.run([str(directory / "bin" / "python"), *install], check=True)
            (directory / ".ready").touch()
    return str(directory / "bin" / "locust")


def test_the_scenario_runs_in_its_short_form(launch: Launch, tmp_path: Path) -> None:
    server = launch(text_model(tmp_path / "model"))
    done = subprocess.run(
        [locust(), "-f", FOLDER / "locustfile.py", "--headless", "-H", server.url, "--csv", tmp_path / "it"],
        env={**os.environ, "SCENARIO": "concurrency", "SHORT": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with (tmp_path / "it_stats.csv").open() as file:
        [row] = [row for row in csv.DictReader(file) if row["Name"] == "/predict"]
    assert int(row["Request Count"]) > 50
    assert row["Failure Count"] == "0"
    with (tmp_path / "it_stats_history.csv").open() as file:
        users = [int(row["User Count"]) for row in csv.DictReader(file)]
    assert max(users) == 20
    assert 1 in users
