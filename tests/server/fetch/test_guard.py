import errno
import json
from pathlib import Path
from typing import Any

import pytest

from modelyard_server.fetch import download, guard
from modelyard_server.report import SourceError, render_report


def run(tmp_path: Path, work: Any, **environ: str) -> tuple[int, dict[str, Any]]:
    status = guard.guarded("fetch", {"MODELYARD_TERMINATION_LOG": str(tmp_path / "report"), **environ}, work)
    return status, json.loads((tmp_path / "report").read_bytes())


def failing(error: Exception) -> Any:
    def work() -> dict[str, Any]:
        raise error

    return work


def test_success(tmp_path: Path) -> None:
    status, report = run(tmp_path, lambda: {"bytes": 3})
    assert status == 0
    assert report["ok"]
    assert report["bytes"] == 3
    assert report["seconds"] >= 0


def test_a_full_disk(tmp_path: Path) -> None:
    status, report = run(tmp_path, lambda: {"bytes": Path("/dev/full").write_bytes(b"x")})
    assert status == 1
    assert report["reason"] == "NoSpace"
    assert "ephemeral storage" in report["message"]
    assert run(tmp_path, failing(OSError(errno.EDQUOT, "Quota")))[1]["reason"] == "NoSpace"


def test_an_error_nobody_foresaw_hides_secrets_in_report_and_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = RuntimeError("at https://host/x?X-Amz-Signature=abcdef with hunter2hunter2 " + "x" * 1_000_000)
    status, report = run(tmp_path, failing(error), HF_TOKEN="hunter2hunter2")
    logged = capsys.readouterr().out
    assert status == 1
    assert (report["reason"], report["permanent"]) == ("InternalError", False)
    assert "RuntimeError" in report["message"]
    assert "Traceback" in logged
    for text in (report["message"], logged):
        assert "hunter2hunter2" not in text
        assert "abcdef" not in text


def test_a_megabyte_of_error_text_fits_the_report(tmp_path: Path) -> None:
    message = "the cause " + "ü" * 1_000_000 + " the mend"
    _status, report = run(tmp_path, failing(SourceError("NotAModel", message, permanent=True)))
    assert report["message"].startswith("the cause")
    assert report["message"].endswith("the mend")
    assert len(render_report(report)) <= 4096


def test_the_report_may_have_nowhere_to_go(tmp_path: Path) -> None:
    environ = {"MODELYARD_TERMINATION_LOG": str(tmp_path / "none" / "report")}
    assert guard.guarded("fetch", environ, lambda: {}) == 0


@pytest.mark.parametrize("name", ["MODELYARD_MODEL_PINNED", "MODELYARD_FETCH_RETRY_SECONDS"])
def test_a_bad_environment_names_the_variable(tmp_path: Path, name: str) -> None:
    environ = {"MODELYARD_MODEL_PINNED": "file:/x", "MODELYARD_FETCH_RETRY_SECONDS": "1", name: ""}
    if name.endswith("SECONDS"):
        environ[name] = "soon"
    environ["MODELYARD_TERMINATION_LOG"] = str(tmp_path / "report")
    assert download.run(environ) == 1
    assert name in (tmp_path / "report").read_text()
