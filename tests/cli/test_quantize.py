"""`modelyard quantize`: every form made, judged and kept or refused."""

import json
from pathlib import Path

import pytest

from modelyard_cli.forms import FORMS
from modelyard_server.model import load_model
from modelyard_server.settings import Settings
from modelyard_server.tasks import Item
from tests.cli.conftest import Call

QUICK = ("--seconds", "0.01")


def test_every_form_is_judged_listed_and_can_be_served(call: Call, model: Path, samples: Path) -> None:
    (model / "modelyard.json").write_text('{"threshold": 0}')
    done = call("quantize", model, "--samples", samples, *QUICK)
    assert done.exit_code == 0, done.output

    document = json.loads((model / "modelyard.json").read_text())
    assert document["threshold"] == 0
    assert document["files"] == {
        "onnxruntime": {
            "fp32": "model.onnx",
            "int8": "model_int8.onnx",
            "w8": "model_w8.onnx",
            "w4": "model_w4.onnx",
        },
        "openvino": {"int8": "openvino/model_int8.xml"},
    }
    assert "flips: batch" in done.stdout
    assert "flips: ref" in done.stdout
    assert [path.name for path in model.rglob("*.new.*")] == []
    for engine, forms in document["files"].items():
        for file in forms.values():
            loaded = load_model(Settings(model_dir=model, engine=engine, variant=file))
            [first] = json.loads(loaded.run([Item("a great film", None)])[0].fragment)[:1]
            assert (loaded.engine_name, first["label"]) == (engine, "POSITIVE")
    # Until something is measured, full precision runs.
    assert load_model(Settings(model_dir=model)).artifact.model_file.name == "model.onnx"


def test_what_depends_on_the_batch_is_made_only_when_named_and_shown_as_such(
    call: Call, model: Path, samples: Path
) -> None:
    assert not FORMS["dynamic"].by_default
    done = call("quantize", model, "--form", "dynamic", "--samples", samples, *QUICK)
    assert done.exit_code == 0, done.output

    row = next(line for line in done.stdout.splitlines() if " dynamic " in line)
    assert row.startswith("x ")
    assert "its answers depend on the batch: " in done.stdout
    kept = json.loads((model / "modelyard.json").read_text())["files"]["onnxruntime"]
    assert kept == {"fp32": "model.onnx", "dynamic": "model_dynamic.onnx"}


def test_a_form_beyond_the_bound_is_refused_and_leaves_what_was_there(
    call: Call, model: Path, samples: Path
) -> None:
    (model / "model_w4.onnx").write_bytes(b"the exporter's own")
    done = call("quantize", model, "--form", "w4", "--samples", samples, "--max-shift", "0.000001", *QUICK)
    assert done.exit_code == 0, done.output

    assert "refused: scores are up to 0.0" in done.stderr
    assert "from the reference's; 1e-06 at most" in done.stderr
    assert (model / "model_w4.onnx").read_bytes() == b"the exporter's own"
    assert not (model / "modelyard.json").exists()


def test_forms_are_not_made_of_a_form(call: Call, model: Path, samples: Path) -> None:
    assert call("quantize", model, "--form", "w8", "--samples", samples, *QUICK).exit_code == 0
    (model / "model_w8.onnx").replace(model / "model.onnx")
    (model / "modelyard.json").unlink()
    done = call("quantize", model, "--form", "int8", "--samples", samples, *QUICK)
    assert done.exit_code == 1
    assert "is quantized already (it has MatMulNBits)" in done.stderr
    assert "files.onnxruntime.fp32" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["--form", "int2"], 2, "there is no form 'int2'; there is int8, w8, w4, openvino-int8, dynamic"),
        (["--form", "w8", "--samples", "{empty}"], 1, "there is nothing in it"),
    ],
)
def test_what_is_wrong_is_said(
    call: Call, model: Path, tmp_path: Path, arguments: list[str], status: int, says: str
) -> None:
    empty = tmp_path / "empty.txt"
    empty.touch()
    done = call("quantize", model, *(argument.format(empty=empty) for argument in arguments))
    assert (done.exit_code, says in done.stderr) == (status, True), done.stderr


def test_a_folder_without_a_model_is_refused(call: Call, tmp_path: Path) -> None:
    done = call("quantize", tmp_path)
    assert done.exit_code == 1
    assert "no ONNX file" in done.stderr
