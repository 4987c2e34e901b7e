import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modelyard_server.artifact.describe import describe
from modelyard_server.artifact.tuning_section import Row, Table, Tuning
from modelyard_server.engines import ENGINES, EngineKind
from modelyard_server.engines.choice import Form, Start, Wanted, best_row, choose_start, forms
from modelyard_server.report import SourceError

MACHINE = "this machine"
FILES = {
    "openvino": {"int8": "ov/model.xml"},
    "onnxruntime": {"fp32": "model.onnx", "int8": "model_int8.onnx", "dynamic": "model_dynamic.onnx"},
}
NOTHING = Wanted()
WITHOUT_OPENVINO = {**ENGINES, "openvino": replace(ENGINES["openvino"], package="not_installed_here")}


def artifact(directory: Path, **manifest: Any) -> Path:
    for name in ("ov/model.xml", "ov/model.bin", "model.onnx", "model_int8.onnx", "model_dynamic.onnx"):
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345678")
    (directory / "modelyard.json").write_text(json.dumps({"files": FILES, **manifest}))
    return directory


def row(engine: str, file: str, rate: float, **fields: Any) -> Row:
    given = {
        "threads": 2,
        "latency_ms": 5.0,
        "max_batch": 8,
        "precision": "int8",
        "size": 16 if file.endswith(".xml") else 8,
        **fields,
    }
    return Row(
        engine=engine,
        file=file,
        items_per_second={1: rate / 2, given["max_batch"]: rate},
        load_seconds=0.1,
        rss_mb=100,
        batch_flips=0,
        batch_shift=0,
        **given,
    )


def table(*rows: Row, machine: str = MACHINE) -> tuple[str, Tuning]:
    measured = Table(measured_at="2026-11-21T00:00:00Z", server="1", samples="some", rows=list(rows))
    return "tuning.json", Tuning({machine: measured})


def start(
    directory: Path,
    wanted: Wanted = NOTHING,
    *tables: tuple[str, Tuning],
    threads: int = 2,
    engines: dict[str, EngineKind] | None = None,
) -> Start:
    described = describe(directory, variant=wanted.variant)
    return choose_start(
        described, wanted, threads, tables=tables, machine=MACHINE, engines=engines or dict(ENGINES)
    )


FAST = row("openvino", "ov/model.xml", 200)
PLAIN = row("onnxruntime", "model.onnx", 100, precision="fp32", threads=1, max_batch=4)


def test_forms_are_what_is_listed_and_what_reads_the_chosen_file(tmp_path: Path) -> None:
    assert forms(describe(artifact(tmp_path))) == [
        Form("onnxruntime", "fp32", "model.onnx"),
        Form("openvino", "int8", "ov/model.xml"),
        Form("onnxruntime", "int8", "model_int8.onnx"),
        Form("onnxruntime", "dynamic", "model_dynamic.onnx"),
        Form("openvino", "fp32", "model.onnx"),
    ]


def test_without_measurements_the_default_engine_runs_the_default_file(tmp_path: Path) -> None:
    found = start(artifact(tmp_path))
    assert (found.form, found.threads, found.max_batch) == (
        Form("onnxruntime", "fp32", "model.onnx"),
        2,
        None,
    )


@pytest.mark.parametrize(
    ("wanted", "form"),
    [
        (Wanted(engine="openvino"), Form("openvino", "int8", "ov/model.xml")),
        (Wanted(variant="int8"), Form("onnxruntime", "int8", "model_int8.onnx")),
        (Wanted(variant="int8", engine="openvino"), Form("openvino", "int8", "ov/model.xml")),
        (Wanted(variant="dynamic"), Form("onnxruntime", "dynamic", "model_dynamic.onnx")),
        (
            Wanted(variant="model_int8.onnx", engine="openvino"),
            Form("openvino", "int8", "model_int8.onnx"),
        ),
        (Wanted(variant="ov/model.xml"), Form("openvino", "int8", "ov/model.xml")),
    ],
)
def test_what_the_resource_says_is_done(wanted: Wanted, form: Form, tmp_path: Path) -> None:
    assert start(artifact(tmp_path), wanted).form == form


def test_what_was_measured_best_is_taken(tmp_path: Path) -> None:
    found = start(artifact(tmp_path), NOTHING, table(PLAIN, FAST))
    assert (found.form.engine, found.threads, found.max_batch) == ("openvino", 2, 8)
    assert "200 items/s" in found.why
    assert found.ignored == ()


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(engine="onnxruntime"), ("model.onnx", 1, 4)),
        (Wanted(threads=1), ("model.onnx", 1, 4)),
        (Wanted(max_batch=3), ("ov/model.xml", 2, 3)),
        (Wanted(variant="fp32"), ("model.onnx", 1, 4)),
    ],
)
def test_the_resource_counts_for_more_than_what_was_measured(
    wanted: Wanted, expected: tuple[str, int, int], tmp_path: Path
) -> None:
    found = start(artifact(tmp_path), wanted, table(PLAIN, FAST))
    assert (found.form.file, found.threads, found.max_batch) == expected


def test_a_row_of_an_engine_that_is_not_here_is_passed_over(tmp_path: Path) -> None:
    found = start(artifact(tmp_path), NOTHING, table(PLAIN, FAST), engines=WITHOUT_OPENVINO)
    assert found.form.file == "model.onnx"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (table(FAST, machine="another machine"), "nothing for this machine"),
        (table(row("openvino", "ov/model.xml", 200, size=9)), "run `modelyard tune` again"),
        (table(row("openvino", "ov/model.xml", 200, threads=16)), "none of its rows fits"),
        (table(row("openvino", "ov/model.xml", 200, refused="2 % of the labels differ")), "none of its rows"),
    ],
)
def test_a_table_that_says_nothing_here_is_ignored_in_words(
    given: tuple[str, Tuning], words: str, tmp_path: Path
) -> None:
    found = start(artifact(tmp_path), NOTHING, given)
    assert found.form.engine == "onnxruntime"
    assert words in found.ignored[0]


def test_the_next_table_counts_where_the_first_says_nothing(tmp_path: Path) -> None:
    found = start(
        artifact(tmp_path), NOTHING, table(FAST, machine="another"), ("modelyard.json", table(PLAIN)[1])
    )
    assert found.why.startswith("modelyard.json")


def test_a_refused_form_is_used_when_it_is_named(tmp_path: Path) -> None:
    refused = row(
        "onnxruntime", "model_dynamic.onnx", 400, refused="answers depend on the batch", max_batch=16
    )
    assert start(artifact(tmp_path), NOTHING, table(PLAIN, refused)).form.file == "model.onnx"
    named = start(artifact(tmp_path), Wanted(variant="dynamic"), table(PLAIN, refused))
    assert (named.form.file, named.max_batch) == ("model_dynamic.onnx", 16)


def test_of_rates_that_are_alike_the_shorter_latency_wins() -> None:
    slow = row("openvino", "ov/model.xml", 200, latency_ms=9)
    quick = row("openvino", "ov/model.xml", 195, latency_ms=3)
    behind = row("openvino", "ov/model.xml", 150, latency_ms=1)
    assert best_row([slow, quick, behind]) is quick


def test_an_engine_that_is_not_in_the_image_is_a_clear_refusal(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="modelyard-server-openvino:TAG") as caught:
        start(artifact(tmp_path), Wanted(engine="openvino"), engines=WITHOUT_OPENVINO)
    assert caught.value.permanent
    assert caught.value.reason == "LoadFailed"


def test_an_unknown_engine_is_a_refusal_that_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="auto, onnxruntime, openvino"):
        start(artifact(tmp_path), Wanted(engine="tensorrt"))


def test_an_engine_that_reads_none_of_the_files_is_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="onnxruntime reads none"):
        start(artifact(tmp_path), Wanted(engine="onnxruntime", variant="ov/model.xml"))
