"""`modelyard tune` on this machine."""

import json
from pathlib import Path

import pytest

from modelyard_server.artifact.tuning_section import parse_tuning
from modelyard_server.engines.cpu import fingerprint
from modelyard_server.engines.threads import default_threads
from tests.cli.conftest import Call

QUICK = ("--seconds", "0.01")


@pytest.fixture
def one_engine(model: Path) -> Path:
    """The model with one form, so that little is to be measured."""
    document = {"files": {"onnxruntime": {"fp32": "model.onnx"}}, "tuning": {"elsewhere": TABLE}}
    (model / "modelyard.json").write_text(json.dumps(document))
    return model


TABLE = {
    "measuredAt": "2026-01-01T00:00:00+00:00",
    "server": "0.1.0",
    "samples": "texts.txt",
    "rows": [
        {
            "engine": "onnxruntime",
            "file": "model.onnx",
            "precision": "fp32",
            "size": 1,
            "threads": 1,
            "latencyMs": 1.0,
            "itemsPerSecond": {"1": 1000.0},
            "maxBatch": 1,
            "loadSeconds": 0.1,
            "rssMb": 90.0,
            "batchFlips": 0.0,
            "batchShift": 0.0,
        }
    ],
}


def test_the_table_is_printed_and_kept_beside_those_of_other_machines(
    call: Call, one_engine: Path, samples: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    done = call("tune", one_engine, "--samples", samples, *QUICK)
    assert done.exit_code == 0, done.output
    assert f"kept in {one_engine / 'modelyard.json'}" in done.stderr
    # The measuring process writes to the terminal itself.
    shown = capfd.readouterr().err
    assert "ms for 1" in shown
    assert any(line.startswith("* ") for line in shown.splitlines())

    document = json.loads((one_engine / "modelyard.json").read_text())
    here = fingerprint(default_threads())
    assert document["tuning"].keys() == {"elsewhere", here}
    assert document["tuning"]["elsewhere"] == TABLE
    table = parse_tuning(json.dumps(document["tuning"])).root[here]
    assert table.samples == "samples.txt"
    assert {row.engine for row in table.rows} == {"onnxruntime", "openvino"}


def test_for_a_single_file_the_table_is_only_printed(call: Call, model: Path, samples: Path) -> None:
    before = sorted(model.iterdir())
    done = call("tune", model / "model.onnx", "--samples", samples, *QUICK)
    assert parse_tuning(done.stdout).root.keys() == {fingerprint(default_threads())}
    assert sorted(model.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["./nowhere"], 1, "./nowhere: there is no such folder"),
        (["{model}", "--image", "server:1"], 2, "--image is for a ModelDeployment"),
        (["{model}", "--samples", "nowhere.txt"], 2, "nowhere.txt' does not exist"),
    ],
)
def test_what_is_wrong_is_said(call: Call, model: Path, arguments: list[str], status: int, says: str) -> None:
    done = call("tune", *(argument.format(model=model) for argument in arguments))
    assert (done.exit_code, says in done.stderr) == (status, True), done.stderr


def test_what_can_not_be_measured_says_why_and_changes_nothing(
    call: Call, model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (model / "model.onnx").write_bytes(b"no model")
    done = call("tune", model, *QUICK)
    assert done.exit_code == 1
    assert done.stderr == f"Error: {model}: nothing was measured\n"
    assert "can't load it" in capfd.readouterr().err
    assert not (model / "modelyard.json").exists()
