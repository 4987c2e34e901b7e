"""A model starts as it was measured to be best, from the deployment's table or the artifact's own."""

import json
from pathlib import Path
from typing import Any

import pytest
import structlog

from modelyard_server.engines import start
from modelyard_server.engines.cpu import fingerprint
from modelyard_server.engines.threads import default_threads
from modelyard_server.model import load_model
from modelyard_server.settings import Settings
from tests.server.models import linear_model


def table(directory: Path, **fields: Any) -> dict[str, Any]:
    row = {
        "engine": "openvino",
        "file": "model.onnx",
        "precision": "default",
        "size": (directory / "model.onnx").stat().st_size,
        "threads": 1,
        "latencyMs": 1.0,
        "itemsPerSecond": {"1": 10, "4": 90},
        "maxBatch": 4,
        "loadSeconds": 0.1,
        "rssMb": 99.0,
        "batchFlips": 0,
        "batchShift": 0,
        **fields,
    }
    measured = {"measuredAt": "2026-11-21T00:00:00Z", "server": "1", "samples": "some", "rows": [row]}
    return {fingerprint(default_threads()): measured}


def test_a_table_of_the_deployment_counts_before_the_artifacts_own(tmp_path: Path) -> None:
    directory, runtime = linear_model(tmp_path / "model"), tmp_path / "runtime"
    runtime.mkdir()
    (directory / "modelyard.json").write_text(json.dumps({"tuning": table(directory, maxBatch=1)}))
    settings = Settings(model_dir=directory, runtime_dir=runtime)

    model = load_model(settings)
    assert (model.engine_name, model.max_batch, model.threads) == ("openvino", 1, 1)

    (runtime / "tuning.json").write_text(json.dumps(table(directory)))
    assert load_model(settings).max_batch == 4


def test_a_table_that_is_no_table_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A logger that was used under another configuration keeps it.
    monkeypatch.setattr(start, "log", structlog.wrap_logger(structlog.PrintLogger()))
    directory = linear_model(tmp_path / "model")
    (tmp_path / "tuning.json").write_text('{"x": {"rows": []}}')

    with structlog.testing.capture_logs() as logs:
        model = load_model(Settings(model_dir=directory, runtime_dir=tmp_path))

    assert model.engine_name == "onnxruntime"
    [ignored] = [entry for entry in logs if entry["event"] == "tuning ignored"]
    assert "tuning.json" in ignored["because"]
    [chosen] = [entry for entry in logs if entry["event"] == "engine chosen"]
    assert (chosen["engine"], chosen["file"]) == ("onnxruntime", "model.onnx")


def test_a_source_that_is_one_file_is_that_file(tmp_path: Path) -> None:
    directory = linear_model(tmp_path / "model")
    other = linear_model(tmp_path / "other", width=5)
    (directory / "other.onnx").write_bytes((other / "model.onnx").read_bytes())
    files = {"onnxruntime": {"fp32": "model.onnx", "wide": "other.onnx"}}
    (directory / "modelyard.json").write_text(json.dumps({"files": files}))

    model = load_model(Settings(uri=f"file://{directory}/other.onnx"))
    assert model.artifact.model_file.name == "other.onnx"
    assert model.engine.signature.outputs[0].shape == (None, 5)
