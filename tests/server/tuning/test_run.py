"""`modelyard-server tune` on a small real model, and what the server then starts from."""

import json
import os
from pathlib import Path

import pytest

from modelyard_server.artifact.describe import describe
from modelyard_server.artifact.tuning_section import Row, parse_tuning
from modelyard_server.engines.cpu import fingerprint
from modelyard_server.engines.threads import default_threads
from modelyard_server.model import load_model
from modelyard_server.report import SourceError
from modelyard_server.settings import Settings
from modelyard_server.tuning.probe import Job, Result
from modelyard_server.tuning.probe import run as probe_run
from modelyard_server.tuning.run import Tuner, TuneSettings, run
from modelyard_server.tuning.show import show
from tests.server.models import linear_model, text_model


def test_it_measures_every_engine_and_the_server_starts_from_the_best(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    directory = text_model(tmp_path / "model")
    (tmp_path / "samples.txt").write_text("a good film\nboring\nthe film was great\n")
    environ = {
        **os.environ,
        "MODELYARD_MODEL_DIR": str(directory),
        "MODELYARD_TUNE_SAMPLES": str(tmp_path / "samples.txt"),
        "MODELYARD_TUNE_SECONDS": "0.01",
        "MODELYARD_TERMINATION_LOG": str(tmp_path / "report"),
    }

    assert run(environ) == 0
    out, err = capfd.readouterr()
    [line] = out.splitlines()
    [(machine, table)] = parse_tuning(line).root.items()
    assert machine == fingerprint(default_threads())
    assert {row.engine for row in table.rows} == {"onnxruntime", "openvino"}
    assert table.samples == "samples.txt"
    assert all(row.batch_flips == 0 and row.refused is None and row.rss_mb > 10 for row in table.rows)
    assert table.rows[0].flips is None
    assert all(row.flips == 0 for row in table.rows[1:])
    assert "ms for 1" in err

    (directory / "modelyard.json").write_text(json.dumps({"tuning": json.loads(line)}))
    model = load_model(Settings(model_dir=directory))
    assert model.max_batch in {1, 4, 8, 16, 32, 64}
    assert model.engine_name in {row.engine for row in table.rows}


def test_a_probe_of_what_can_not_be_loaded_says_why(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no model")
    job = Job(engine="onnxruntime", file="model.onnx", threads=1, batches=(1,), seconds=0.01)
    assert "can't load it" in probe_run(job, Settings(model_dir=tmp_path)).error


def tuner(directory: Path, results: dict[str, Result], limit: float = 100) -> tuple[Tuner, list[str]]:
    said: list[str] = []
    now = iter(range(1000))

    def probe(job: Job, seconds: float) -> Result:
        assert seconds <= limit
        return results[job.engine]

    settings = TuneSettings(limit=limit)
    clock = lambda: float(next(now))  # noqa: E731
    return Tuner(describe(directory), "auto", settings, probe, said.append, threads=1, clock=clock), said


GOOD = Result(latency_ms=2, items_per_second={1: 100, 8: 300, 16: 301}, rss_mb=50, answers=['"a"', '"b"'])


def test_forms_that_answer_otherwise_are_measured_and_refused(tmp_path: Path) -> None:
    other = GOOD.model_copy(update={"answers": ['"a"', '"c"'], "items_per_second": {1: 900.0}})
    found, _ = tuner(linear_model(tmp_path), {"onnxruntime": GOOD, "openvino": other})
    table = found.run()

    first, second = table.rows
    assert (first.max_batch, first.flips, first.refused) == (8, None, None)
    assert second.flips == 0.5
    assert "50% of the items are answered otherwise" in (second.refused or "")
    shown = show(table)
    assert "not chosen: 50%" in shown
    assert shown.splitlines()[1].startswith("* ")
    assert shown.splitlines()[2].startswith("x ")


def test_what_fails_is_left_out(tmp_path: Path) -> None:
    found, said = tuner(linear_model(tmp_path), {"onnxruntime": Result(error="it broke"), "openvino": GOOD})
    assert [row.engine for row in found.run().rows] == ["openvino"]
    assert any("it broke" in line for line in said)


def test_time_is_bounded(tmp_path: Path) -> None:
    found, said = tuner(linear_model(tmp_path), {"onnxruntime": GOOD, "openvino": GOOD}, limit=2)
    assert [row.engine for row in found.run().rows] == ["onnxruntime"]
    assert any("the time is up" in line for line in said)


def test_nothing_measured_is_a_failure_in_words(tmp_path: Path) -> None:
    broken = Result(error="it broke")
    found, _ = tuner(linear_model(tmp_path), {"onnxruntime": broken, "openvino": broken})
    with pytest.raises(SourceError, match="no way to run the model"):
        found.run()


def test_a_wrong_setting_is_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environ = {"MODELYARD_TUNE_SECONDS": "soon", "MODELYARD_TERMINATION_LOG": str(tmp_path / "report")}
    assert run(environ) == 1
    assert "MODELYARD_TUNE_SECONDS" in json.loads((tmp_path / "report").read_text())["message"]


def test_rows_survive_json() -> None:
    row = Row(
        engine="openvino",
        file="ov/model.xml",
        precision="int8",
        size=1,
        threads=1,
        latency_ms=1,
        items_per_second={1: 2, 8: 3},
        max_batch=8,
        load_seconds=0,
        rss_mb=1,
        batch_flips=0,
        batch_shift=0,
    )
    assert Row.model_validate_json(row.model_dump_json(exclude_none=True)) == row
