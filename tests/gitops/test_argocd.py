"""Argo CD's health of a ModelDeployment, from what the operator really writes in each situation."""

from pathlib import Path
from typing import Any

import lupa
import pytest
import yaml

from tests.operator.reconcile import situations
from tests.operator.reconcile.simulator import World

FOLDER = Path(__file__).parents[2] / "gitops" / "argocd"
LUA = (FOLDER / "health.lua").read_text()


def health(resource: dict[str, Any]) -> tuple[str, str]:
    """As Argo CD runs it: the script sees `obj` and returns a table."""
    runtime = lupa.LuaRuntime(unpack_returned_tuples=True)
    runtime.globals().obj = runtime.table_from(resource, recursive=True)
    answer = runtime.execute(LUA)
    return str(answer.status), str(answer.message)


def resource(world: World) -> dict[str, Any]:
    return {
        "metadata": {"name": "sentiment", "generation": world.generation},
        "status": world.status.model_dump(mode="json", by_alias=True, exclude_none=True),
    }


def waiting(reason: str, ready: str = "True") -> dict[str, Any]:
    conditions = [
        {"type": "Ready", "status": ready, "reason": "Serving", "message": "revision a serves"},
        {"type": "Reconciling", "status": "True", "reason": reason, "message": f"{reason}: it waits"},
        {"type": "Stalled", "status": "False", "reason": "NotStalled", "message": ""},
    ]
    return {"metadata": {"generation": 3}, "status": {"observedGeneration": 3, "conditions": conditions}}


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        ("fresh", "Progressing"),
        ("resolving", "Progressing"),
        ("unresolvable", "Degraded"),
        ("starting", "Progressing"),
        ("first_crashes", "Degraded"),
        ("serving", "Healthy"),
        ("edited", "Progressing"),
        ("updating", "Progressing"),
        ("update_rejected", "Degraded"),
        ("paused", "Suspended"),
        ("all_pods_start_again", "Progressing"),
        ("name_taken", "Degraded"),
        ("cannot_watch_what_matters", "Degraded"),
    ],
)
def test_every_situation_of_the_operator_has_its_health(situation: str, expected: str) -> None:
    assert health(resource(getattr(situations, situation)()))[0] == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (waiting("AwaitingApproval"), ("Suspended", "AwaitingApproval: it waits")),
        (waiting("Paused"), ("Suspended", "Paused: it waits")),
        (waiting("Paused", ready="False"), ("Progressing", "Paused: it waits")),
        (waiting("Shifting"), ("Progressing", "Shifting: it waits")),
        ({"metadata": {"generation": 1}}, ("Progressing", "the operator has not looked at it yet")),
        (
            {"metadata": {"generation": 1}, "status": {"observedGeneration": 1}},
            ("Progressing", "it has no conditions yet"),
        ),
        (
            {"metadata": {"generation": 1}, "status": {"observedGeneration": -1}},
            ("Progressing", "the operator has not looked at it yet"),
        ),
    ],
)
def test_people_are_waited_for_and_nothing_is_assumed(
    found: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert health(found) == expected


def test_what_is_patched_in_is_the_script_that_was_tested() -> None:
    patch = yaml.safe_load((FOLDER / "argocd-cm.yaml").read_text())
    assert patch == {"data": {"resource.customizations.health.modelyard.dev_ModelDeployment": LUA}}
