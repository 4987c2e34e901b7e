"""Commands to a rollout, as the operator answers them."""

import json
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.cli.rollout.conftest import (
    MERGE,
    PATH,
    Hand,
    Raw,
    history,
)
from tests.cli.view.resources import revision, waiting
from tests.control_plane import wait_until

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("verb", ["pause", "resume", "skip", "promote", "abort"])
def test_a_command_is_told_as_the_operator_tells_it(
    run: Callable[..., Any], resource: Callable[[Raw], Raw], operator: Callable[..., Hand], verb: str
) -> None:
    resource(waiting(phase="Observing", step=2))
    answer = {"history": history("Command", "revision rnew is dealt with"), "message": "what it waits for"}
    with operator(**answer) as hand:
        done = run(verb, "sentiment")
    assert done.exit_code == 0, done.output
    assert done.stdout == "Command: revision rnew is dealt with\nwhat it waits for\n"
    assert hand.heard.partition("#")[0] == f"{verb}@rnew"


def test_scripts_read_what_came_of_a_command(
    run: Callable[..., Any], resource: Callable[[Raw], Raw], operator: Callable[..., Hand]
) -> None:
    resource(waiting(phase="Observing", step=2))
    with operator(phase="Returning", history=history("Rejected", "Aborted: by a command")) as hand:
        done = run("abort", "sentiment", "-o", "json")
    told = json.loads(done.stdout)
    assert told["decisions"] == [{"what": "Rejected", "why": "Aborted: by a command"}]
    assert (told["verb"], told["revision"], told["phase"]) == ("abort", "rnew", "Returning")
    assert hand.heard.endswith(told["nonce"])


def test_a_refusal_is_told_in_the_operators_words(
    run: Callable[..., Any], resource: Callable[[Raw], Raw], operator: Callable[..., Hand], api: httpx.Client
) -> None:
    found = resource(waiting())

    def event() -> None:
        body = {
            "metadata": {"name": "sentiment.1", "namespace": "team"},
            "involvedObject": {"uid": found["metadata"]["uid"], "namespace": "team", "name": "sentiment"},
            "reason": "CommandRefused",
            "message": "step 3 is an approval: it cannot be passed over by a command",
            "lastTimestamp": "2026-11-21T12:10:00Z",
            "count": 1,
        }
        assert api.post("/api/v1/namespaces/team/events", json=body).status_code == 201

    with operator(also=event):
        done = run("promote", "sentiment")
    assert done.exit_code == 1
    assert done.stderr == (
        "Error: promote was refused: step 3 is an approval: it cannot be passed over by a command\n"
    )


def test_a_command_that_another_replaced_says_so(
    run: Callable[..., Any], resource: Callable[[Raw], Raw], api: httpx.Client
) -> None:
    resource(waiting())
    other = {"metadata": {"annotations": {"modelyard.dev/command": "pause@rnew#other"}}}

    def replace() -> None:
        def commanded() -> bool:
            return "modelyard.dev/command" in api.get(PATH).json()["metadata"].get("annotations", {})

        wait_until(commanded, "a command", 20)
        api.patch(PATH, json=other, headers=MERGE)

    thread = threading.Thread(target=replace)
    thread.start()
    done = run("abort", "sentiment")
    thread.join(20)
    assert done.exit_code == 1
    assert "another command took its place before the operator heard it: pause@rnew#other" in done.stderr


def test_nobody_hears(run: Callable[..., Any], resource: Callable[[Raw], Raw]) -> None:
    resource(waiting())
    done = run("abort", "sentiment", "--timeout", "0.2")
    assert done.exit_code == 1
    assert "no answer within 0.2 s; is the operator running? The command stays" in done.stderr


@pytest.mark.parametrize(
    ("status", "arguments", "target"),
    [
        (waiting(), [], "rold"),
        (waiting(), ["rolder"], "rolder"),
        (
            {
                "stableRevision": "rnew",
                "revisions": [
                    revision("rnew", "Stable"),
                    revision("r1", "Cold", 0, retiredAt="2026-11-21T10:00:00Z"),
                    revision("r2", "Warm", 1, retiredAt="2026-11-21T11:00:00Z"),
                ],
            },
            [],
            "r2",
        ),
    ],
)
def test_a_roll_back_goes_to_what_served_before(
    run: Callable[..., Any],
    resource: Callable[[Raw], Raw],
    operator: Callable[..., Hand],
    status: Raw,
    arguments: list[str],
    target: str,
) -> None:
    resource(status)
    with operator(history=history("Command", "back")) as hand:
        done = run("rollback", "sentiment", *arguments)
    assert done.exit_code == 0, done.output
    assert hand.heard.startswith(f"rollback@{target}#")


def test_without_a_former_revision_there_is_nothing_to_go_back_to(
    run: Callable[..., Any], resource: Callable[[Raw], Raw]
) -> None:
    resource({"stableRevision": "rold", "revisions": [revision("rold", "Stable")]})
    done = run("rollback", "sentiment")
    assert done.stderr == "Error: sentiment: no former revision is remembered\n"


def test_a_retry_names_what_was_given_up(
    run: Callable[..., Any], resource: Callable[[Raw], Raw], operator: Callable[..., Hand]
) -> None:
    rejected = [
        {"revision": name, "reason": "Aborted", "message": "by hand", "at": "2026-11-21T12:00:00Z"}
        for name in ("rfirst", "rlast")
    ]
    resource({"stableRevision": "rold", "rollout": {"rejected": rejected}})
    with operator(history=history("Command", "tried again")) as hand:
        assert run("retry", "sentiment").exit_code == 0
    assert hand.heard.startswith("retry@rlast#")
