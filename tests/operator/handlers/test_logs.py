"""Each log line is one line of JSON, whoever wrote it."""

import json
import logging

import pytest
import structlog

from modelyard_operator.handlers.logs import configure_logs


def test_lines_are_json_with_the_resource(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info")
    with structlog.contextvars.bound_contextvars(namespace="ns", name="sentiment"):
        structlog.get_logger("ours").info("applied", child="Service/sentiment")
        logging.getLogger("theirs").warning("two\nlines %s", "here")
    structlog.get_logger("ours").debug("not shown")
    try:
        int("wrong")
    except ValueError:
        structlog.get_logger("ours").exception("failed")
    first, second, third = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["event"] == "applied"
    assert (first["namespace"], first["name"], first["child"]) == ("ns", "sentiment", "Service/sentiment")
    assert second["event"] == "two\nlines here"
    assert second["name"] == "sentiment"
    assert second["logger"] == "theirs"
    assert "ValueError: invalid literal" in third["exception"]
