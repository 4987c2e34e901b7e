"""The process: its start, its failures and its last words."""

import json
import signal
from pathlib import Path

import httpx
import pytest

from modelyard_server import cli, contract
from tests.server.conftest import Launch


def test_it_serves_and_logs_json_with_its_name(sentiment: Path, launch: Launch) -> None:
    server = launch(sentiment)

    ready = httpx.get(f"{server.url}/ready").json()
    assert ready["ready"] is True
    assert ready["state"] == "ready"
    assert ready["model"] == "sentiment"
    assert ready["revision"] == "r1"
    assert ready["task"] == "text-classification"
    assert ready["loadSeconds"] > 0
    assert ready["warmSeconds"] > 0
    server.terminate()
    assert server.wait() == 0
    lines = [json.loads(line) for line in server.logged.splitlines()]
    assert {(line["deployment"], line["revision"]) for line in lines} == {("default/sentiment", "r1")}
    assert not server.termination_log.exists()


def test_interrupt_ends_at_once(sentiment: Path, launch: Launch) -> None:
    server = launch(sentiment, MODELYARD_DRAIN_SECONDS="600")
    server.process.send_signal(signal.SIGINT)

    assert server.wait() == 0


@pytest.mark.parametrize(
    ("content", "reason", "says"),
    [
        (None, contract.REASON_NOT_A_MODEL, "no ONNX file"),
        (b"this is no model", contract.REASON_LOAD_FAILED, "onnxruntime can't load it"),
    ],
)
def test_what_cannot_be_loaded_says_so_and_ends(
    tmp_path: Path, launch: Launch, content: bytes | None, reason: str, says: str
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "README.md").write_text("nothing here")
    if content is not None:
        (model / "model.onnx").write_bytes(content)
    server = launch(model, ready=False)

    assert server.wait() == 1
    report = json.loads(server.termination_log.read_bytes())
    assert report["ok"] is False
    assert report["reason"] == reason
    assert says in report["message"]
    assert report["permanent"] is True
    assert len(server.termination_log.read_bytes()) <= contract.TERMINATION_MESSAGE_LIMIT


def test_a_wrong_variable_is_named(tmp_path: Path, launch: Launch) -> None:
    server = launch(tmp_path, ready=False, MODELYARD_THREADS="many")

    assert server.wait() == 1
    assert "MODELYARD_THREADS is 'many'" in json.loads(server.termination_log.read_bytes())["message"]


def test_a_file_source_is_read_in_place(sentiment: Path, tmp_path: Path, launch: Launch) -> None:
    server = launch(tmp_path / "empty", MODELYARD_MODEL_URI=f"file://{sentiment}")

    assert httpx.get(f"{server.url}/ready").json()["task"] == "text-classification"


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["serve", "--help"])

    assert ended.value.code == 0
    text = capsys.readouterr().out
    for word in ("MODELYARD_MODEL_DIR", "MODELYARD_THREADS", "curl", "modelyard.json"):
        assert word in text


def test_no_command_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([])

    assert ended.value.code == 2
    assert "serve" in capsys.readouterr().err
