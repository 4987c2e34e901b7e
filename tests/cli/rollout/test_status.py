"""A rollout as it is shown, watched and explained."""

import json
import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from modelyard_cli.errors import CliError
from modelyard_cli.verbs.status import follow
from modelyard_cli.view.summary import Summary, summarise
from tests.cli.rollout.conftest import (
    BOB,
    Raw,
    write_status,
)
from tests.cli.view.resources import deployment, waiting
from tests.control_plane import ControlPlane, wait_until

pytestmark = pytest.mark.integration


def test_status_and_explanation(run: Callable[..., Any], resource: Callable[[Raw], Raw]) -> None:
    resource(waiting())
    shown = run("status", "sentiment", user=BOB)
    assert "AwaitingApproval, step 3 of 4: approval of 2" in shown.stdout
    assert json.loads(run("status", "sentiment", "-o", "json").stdout)["candidate"] == "rnew"
    assert "candidate: rnew" in run("status", "sentiment", "-o", "yaml").stdout
    told = run("explain", "sentiment").stdout
    assert told.startswith("sentiment: step 3 of 4 (approval): revision rnew waits for approval")
    assert "modelyard approve sentiment -n team" in told
    commands = json.loads(run("explain", "sentiment", "-o", "json").stdout)["commands"]
    assert commands[0]["command"] == "modelyard approve sentiment -n team"


def test_watching_tells_each_change_once(capsys: pytest.CaptureFixture[str]) -> None:
    several = [waiting(), waiting(), None, None, waiting(phase="Observing", weight=50)]

    def sleep(_: float) -> None:
        if not several:
            raise KeyboardInterrupt

    def look() -> Summary:
        status = several.pop(0)
        if status is None:
            raise CliError("the API server can't be reached")
        return summarise(deployment(status))

    follow(look, 5, None, sleep=sleep)
    told = capsys.readouterr()
    assert told.err == "the API server can't be reached\n"
    lines = told.out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["AwaitingApproval", "Observing"]
    assert "stable rold, rnew at 50 %" in lines[1]


def test_watching_on_a_terminal_shows_one_frame_until_interrupted(
    plane: ControlPlane, resource: Callable[[Raw], Raw], api: httpx.Client
) -> None:
    resource(waiting())
    controller, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (40, 120))
    program = [Path(sys.executable).with_name("modelyard"), "status", "sentiment", "-n", "team", "--watch"]
    environment = {**os.environ, "KUBECONFIG": str(plane.kubeconfig()), "TERM": "xterm"}
    process = subprocess.Popen(program, stdout=terminal, stderr=terminal, env=environment)
    os.close(terminal)
    shown = bytearray()

    def shows(words: str) -> bool:
        shown.extend(os.read(controller, 65_536))
        return words in shown.decode(errors="replace")

    try:
        wait_until(lambda: shows("step 3 of 4"), "the frame", 60)
        write_status(api, {"rollout": {"step": 4, "phase": "Observing"}})
        wait_until(lambda: shows("step 4 of 4"), "the change", 60)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        os.close(controller)
