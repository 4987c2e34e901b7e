import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from devcluster.cleanup import is_there, processes_of, tear_down
from devcluster.config import Settings
from devcluster.processes import identify
from devcluster.ui import Ui


def test_only_processes_that_match_are_found_and_each_for_certain(settings: Settings) -> None:
    mark = b"devcluster-test-mark"
    command = [sys.executable, "-c", "import signal; print(1, flush=True); signal.pause()", mark.decode()]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        try:
            assert processes_of(settings, lambda words, _: words[-2:-1] == [mark]) == [identify(process.pid)]
        finally:
            process.kill()


def test_without_a_cluster_nothing_is_touched(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = dataclasses.replace(settings, bridge="no-such-link")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a command was run")

    monkeypatch.setattr(subprocess, "run", refuse)
    monkeypatch.setattr("devcluster.claim.check", lambda _: None)
    assert not is_there(nowhere)
    tear_down(nowhere, Ui())
    assert "There is no cluster to take down." in capsys.readouterr().err


def test_a_state_folder_or_the_link_tells_that_there_is_one(settings: Settings) -> None:
    settings.state_dir.mkdir(parents=True)
    assert is_there(dataclasses.replace(settings, bridge="no-such-link"))
    gone = dataclasses.replace(settings, state_dir=Path("/nonexistent"), bridge="lo")
    assert is_there(gone)
