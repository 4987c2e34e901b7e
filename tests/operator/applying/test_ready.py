"""When `--wait` is over."""

from typing import Any

import pytest

from modelyard_operator.applying.ready import standing


def resource(observed: int, *conditions: tuple[str, str, str]) -> dict[str, Any]:
    found = [
        {"type": kind, "status": status, "reason": reason, "message": f"{reason} it is"}
        for kind, status, reason in conditions
    ]
    return {"metadata": {"generation": 2}, "status": {"observedGeneration": observed, "conditions": found}}


@pytest.mark.parametrize(
    ("found", "ready", "stalled", "words"),
    [
        (resource(-1), False, False, "not looked at it yet"),
        (resource(1, ("Ready", "True", "Serving")), False, False, "not looked at it yet"),
        (resource(2, ("Ready", "True", "Serving")), True, False, "ready"),
        (resource(2, ("Ready", "True", "Serving"), ("Reconciling", "False", "Done")), True, False, "ready"),
        (resource(2, ("Ready", "True", "S"), ("Reconciling", "True", "New")), False, False, "New: New it is"),
        (resource(2, ("Ready", "True", "S"), ("Stalled", "True", "Bad")), False, True, "Bad: Bad it is"),
        (resource(2, ("Ready", "False", "Starting")), False, False, "Starting it is"),
        ({"metadata": {"generation": 1}}, False, False, "not looked at it yet"),
    ],
)
def test_only_the_newest_generation_at_rest_is_ready(
    found: dict[str, Any], ready: bool, stalled: bool, words: str
) -> None:
    now = standing(found)
    assert (now.ready, now.stalled is not None) == (ready, stalled)
    assert words in now.words
