from typing import Any

import pytest

from modelyard_server.edge.redaction import Redaction

RECORD: dict[str, Any] = {
    "requestId": "1",
    "identity": "key:shop",
    "inputs": {"text": ["call 0170 1234567", "fine"], "user": {"name": "Ada", "age": 36}},
    "predictions": [[{"label": "call 0170 1234567"}]],
}


def test_without_rules_nothing_is_left_out() -> None:
    assert Redaction([]).apply(RECORD) == RECORD


@pytest.mark.parametrize("part", ["inputs", "predictions", "identity"])
def test_a_part_is_left_out_whole(part: str) -> None:
    kept = Redaction([part]).apply(RECORD)

    assert kept == {name: value for name, value in RECORD.items() if name != part}


def test_a_fields_values_are_masked_wherever_it_stands() -> None:
    kept = Redaction(["name", "text"]).apply(RECORD)

    assert kept["inputs"] == {"text": "***", "user": {"name": "***", "age": 36}}


def test_a_tensors_data_are_masked_by_its_name() -> None:
    tensors = [{"name": "text", "data": ["secret"]}, {"name": "n", "data": [1]}, {"name": ["x"], "data": [2]}]
    kept = Redaction(["text"]).apply({"inputs": {"inputs": tensors}})

    assert kept["inputs"]["inputs"] == [{"name": "text", "data": "***"}, *tensors[1:]]


def test_matches_are_masked_in_every_text() -> None:
    kept = Redaction(["/[0-9 ]{6,}/"]).apply(RECORD)

    assert kept["inputs"]["text"] == ["call***", "fine"]
    assert kept["predictions"] == [[{"label": "call***"}]]


@pytest.mark.parametrize("rule", ["inputs", "text", "/secret/"])
def test_errors_do_not_quote_what_is_hidden(rule: str) -> None:
    fault = {"type": "list_type", "loc": ["body", "text"], "msg": "a list", "input": "secret"}
    kept = Redaction([rule]).apply({"inputs": {"text": "secret"}, "error": {"detail": [fault]}})

    assert "secret" not in str(kept)
    assert kept["error"]["detail"][0]["msg"] == "a list"


def test_the_record_itself_is_left_alone() -> None:
    before = repr(RECORD)
    Redaction(["text", "/./"]).apply(RECORD)

    assert repr(RECORD) == before


def test_a_wrong_expression_is_named() -> None:
    with pytest.raises(ValueError, match="is no regular expression"):
        Redaction(["/(/"])
