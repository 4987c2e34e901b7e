import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from devcluster.processes import Identity, ProcessTable, alive, boot_id, identify, parse_stat

READY = "import sys; print('ready', flush=True); "


@pytest.fixture
def table(tmp_path: Path) -> ProcessTable:
    return ProcessTable(tmp_path / "run", tmp_path / "logs")


def wait_for_log(table: ProcessTable, name: str, text: str) -> None:
    while text not in table.log_tail(name):
        assert table.running(name), table.log_tail(name)


def test_a_command_name_with_brackets_and_blanks_is_no_trouble() -> None:
    fields = ["S", *(str(number) for number in range(4, 22)), "98765", "0"]
    assert parse_stat(f"12 (a) b (c) {' '.join(fields)}") == ("S", 98765)


def test_this_process_is_alive_and_a_recycled_number_is_not_it() -> None:
    me = identify(os.getpid())
    assert me is not None and alive(me)
    assert not alive(Identity(me.pid, me.start_ticks + 1, me.boot_id))
    assert not alive(Identity(me.pid, me.start_ticks, "another boot"))


def test_a_zombie_does_not_count_as_running() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert identify(process.pid) is None
    process.wait()


def test_a_daemon_has_a_session_of_its_own_and_is_ended_by_term(table: ProcessTable) -> None:
    argv = [sys.executable, "-c", READY + "import signal; signal.pause()"]
    record = table.start("one", argv, {}, "spec-1")
    wait_for_log(table, "one", "ready")
    assert os.getsid(record.identity.pid) == record.identity.pid
    assert table.running("one") == record
    assert table.names() == ["one"]
    assert table.stop("one", term_limit=10)
    assert table.running("one") is None
    assert table.names() == []


def test_one_that_ignores_term_is_killed(table: ProcessTable) -> None:
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + READY + "signal.pause()"
    table.start("deaf", [sys.executable, "-c", code], {}, "spec")
    wait_for_log(table, "deaf", "ready")
    assert table.stop("deaf", term_limit=0.1)
    assert table.running("deaf") is None


def test_a_stranger_with_the_recorded_number_is_left_alone(table: ProcessTable, tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    try:
        folder = tmp_path / "run"
        folder.mkdir()
        identity = f'{{"pid": {stranger.pid}, "start_ticks": 1, "boot_id": "{boot_id()}"}}'
        (folder / "old.json").write_text(f'{{"identity": {identity}, "spec": "x"}}')
        assert table.record("old") is not None
        assert not table.stop("old", term_limit=0.1)
        assert stranger.poll() is None
        assert table.names() == []
    finally:
        stranger.send_signal(signal.SIGKILL)
        stranger.wait()


def test_a_broken_record_is_no_record(table: ProcessTable, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "half.json").write_text('{"identity": {"pid"')
    assert table.running("half") is None


def test_the_log_tail_holds_the_last_lines(table: ProcessTable, tmp_path: Path) -> None:
    assert table.log_tail("none") == "(no log)"
    (tmp_path / "logs").mkdir()
    table.log_file("long").write_text("\n".join(f"line {number}" for number in range(5000)))
    assert table.log_tail("long", 2) == "line 4998\nline 4999"
