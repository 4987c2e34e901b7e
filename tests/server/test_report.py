import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_server import contract
from modelyard_server.report import SourceError, render_report, write_report


def test_short_reports_are_written_whole(tmp_path: Path) -> None:
    error = SourceError(contract.REASON_FORBIDDEN, "the store said 403", permanent=True)
    write_report(error.payload(), tmp_path / "log")

    assert json.loads((tmp_path / "log").read_text()) == {
        "ok": False,
        "reason": "Forbidden",
        "message": "the store said 403",
        "permanent": True,
    }


def test_a_megabyte_of_error_keeps_its_head_and_its_tail() -> None:
    line = render_report({"ok": False, "reason": "X", "message": "begin " + "é" * 1_000_000 + " the cause"})

    assert len(line) <= contract.TERMINATION_MESSAGE_LIMIT
    assert len(line) > contract.TERMINATION_MESSAGE_LIMIT - 8
    message = json.loads(line)["message"]
    assert message.startswith("begin ")
    assert message.endswith(" the cause")


@given(message=st.text(), limit=st.integers(80, 400))
def test_any_message_stays_valid_json_within_the_limit(message: str, limit: int) -> None:
    line = render_report({"ok": False, "reason": "X", "message": message * 10, "permanent": False}, limit)

    assert len(line) <= limit
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json.loads(line)["reason"] == "X"


def test_what_cannot_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="4096 bytes"):
        render_report({"pinned": "x" * 5000})


def test_outside_a_cluster_there_is_nowhere_to_write(tmp_path: Path) -> None:
    write_report({"ok": True}, tmp_path / "absent" / "log")

    assert not (tmp_path / "absent").exists()
