import pytest

from modelyard_server.artifact.tuning_section import Row
from modelyard_server.engines.choice import Form
from modelyard_server.tuning.agreement import Difference
from modelyard_server.tuning.plan import Bounds, fewer_threads, in_order, max_batch, refusal

FP32 = Form("onnxruntime", "fp32", "model.onnx")
INT8 = Form("onnxruntime", "int8", "model_int8.onnx")


def row(file: str, rate: float, refused: str | None = None) -> Row:
    return Row(
        engine="onnxruntime",
        file=file,
        precision="int8",
        size=1,
        threads=4,
        latency_ms=1,
        items_per_second={1: rate},
        max_batch=1,
        load_seconds=0,
        rss_mb=1,
        batch_flips=0,
        batch_shift=0,
        refused=refused,
    )


def test_full_precision_is_what_others_are_compared_with() -> None:
    assert in_order([INT8, FP32]) == [FP32, INT8]
    assert in_order([INT8]) == [INT8]


def test_the_two_best_are_tried_with_fewer_threads() -> None:
    rows = [row("a.onnx", 10), row("b.onnx", 30), row("c.onnx", 20), row("d.onnx", 99, refused="no")]
    assert [(form.file, threads) for form, threads in fewer_threads(rows, 4)] == [
        ("b.onnx", 2),
        ("b.onnx", 1),
        ("c.onnx", 2),
        ("c.onnx", 1),
    ]
    assert fewer_threads(rows, 1) == []


@pytest.mark.parametrize(
    ("rates", "expected"),
    [({1: 100.0, 8: 300.0, 32: 305.0}, 8), ({1: 100.0, 8: 300.0, 32: 400.0}, 32), ({1: 5.0}, 1)],
)
def test_a_batch_is_no_larger_than_it_brings(rates: dict[int, float], expected: int) -> None:
    assert max_batch(rates) == expected


@pytest.mark.parametrize(
    ("batch", "against", "words"),
    [
        (Difference(), None, None),
        (Difference(0, 1e-4), Difference(0.01, 0.1), None),
        (Difference(0.02, 0), None, "2% of the items are answered otherwise"),
        (Difference(0, 0.13), Difference(), "depend on the batch"),
        (Difference(), Difference(0.02, 0), "than by the reference"),
        (Difference(), Difference(0, 0.2), "0.2 from the reference's; 0.1 at most"),
    ],
)
def test_what_is_not_to_be_used(batch: Difference, against: Difference | None, words: str | None) -> None:
    found = refusal(batch, against, Bounds())
    assert found is None if words is None else words in (found or "")
