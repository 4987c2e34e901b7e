"""What is shown of a rollout, whatever the operator wrote and whatever it did not."""

import io
import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from modelyard_cli.errors import CliError
from modelyard_cli.view.advice import advice
from modelyard_cli.view.evidence import digest_of, evidence_panel, frozen
from modelyard_cli.view.panel import panel
from modelyard_cli.view.summary import summarise
from modelyard_operator.api.status import Status
from tests.cli.view.resources import DIGEST, EVIDENCE, condition, deployment, revision, waiting


def text(renderable: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=110, color_system=None)
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_status_here_is_one_that_the_operator_writes() -> None:
    assert lost(waiting(), Status.model_validate(waiting()).to_dict()) == []


def lost(written: Any, read: Any, where: str = "status") -> list[str]:
    """The paths that an operator does not know, or reads as something else."""
    if isinstance(written, dict):
        return [each for key in written for each in lost(written[key], read.get(key), f"{where}.{key}")]
    if isinstance(written, list):
        pairs = zip(written, read, strict=True)
        return [each for i, (a, b) in enumerate(pairs) for each in lost(a, b, f"{where}[{i}]")]
    return [] if written == read else [where]


def test_a_rollout_that_waits_is_told_in_one_frame() -> None:
    shown = text(panel(summarise(deployment(waiting()))))
    for words in (
        "sentiment in team",
        "AwaitingApproval, step 3 of 4: approval of 2",
        "waits for approval: 1 of 2 approved (alice)",
        "Stable     rold",
        "Candidate  rnew",
        "10 % desired, 9 % achieved",
        "1 of 2: alice",
        "Measured   errorRate 0 (2026-11-21T12:05:01Z)",
        DIGEST,
        "istio: the cluster serves VirtualServices",
        "91 % of 90 %",
        "✓ shadow 100 % for 5m → ✓ weight 10 % for 2m → ▶ approval of 2 → weight 50 %",
        "2026-11-21T12:05:01Z  AwaitingApproval",
    ):
        assert words in shown, shown


def test_the_newest_decision_stands_first_and_only_so_many() -> None:
    it = summarise(deployment(waiting()))
    assert [moment.what for moment in it.history] == ["AwaitingApproval", "RolloutStarted"]
    assert "RolloutStarted" not in text(panel(it, history=1))


def test_one_that_nobody_has_looked_at_says_so() -> None:
    for status in (None, {}, {"observedGeneration": -1}):
        it = summarise(deployment(status))
        assert it.message == "the operator has not looked at it yet"
        assert "none yet" in text(panel(it))


def test_an_operator_that_knows_no_steps_is_understood() -> None:
    status = {
        "observedGeneration": 1,
        "conditions": [
            condition("Ready", "True", "revision rold serves"),
            condition("Stalled", "True", "revision rnew was given up: it does not start"),
        ],
        "stableRevision": "rold",
        "revisions": [revision("rold", "Stable"), revision("rnew", "Rejected", 0)],
        "rollout": {"phase": "Idle", "rejected": [{"revision": "rnew"}], "lastCommand": "1"},
        "routing": {"mode": "replicas", "reason": "the Service selects the pods of one revision"},
    }
    it = summarise(deployment(status))
    assert it.message == it.problem == "revision rnew was given up: it does not start"
    shown = text(panel(it))
    assert "Given up  rnew" in shown
    assert shown.count("does not start") == 1
    assert ("modelyard retry sentiment -n team", "tries revision rnew again") in advice(it)


@pytest.mark.parametrize(
    ("status", "verbs"),
    [
        (waiting(), ["approve", "reject", "abort"]),
        (waiting(phase="Observing", step=2), ["pause", "skip", "promote", "abort"]),
        (waiting(phase="Observing", step=2, paused=True), ["resume", "skip", "promote", "abort"]),
        (waiting(phase="Returning"), []),
        ({"stableRevision": "rold", "revisions": [revision("r1", "Warm")]}, ["rollback"]),
        ({"stableRevision": "rold"}, []),
    ],
)
def test_what_one_may_do_depends_on_where_it_is(status: dict[str, Any], verbs: list[str]) -> None:
    assert [command.split()[1] for command, _ in advice(summarise(deployment(status)))] == verbs


def test_scripts_get_plain_values() -> None:
    plain = summarise(deployment(waiting())).to_dict()
    assert json.loads(json.dumps(plain)) == yaml.safe_load(yaml.safe_dump(json.loads(json.dumps(plain))))
    assert plain["evidenceDigest"] == DIGEST
    assert plain["revisions"][0] == {
        "name": "rnew",
        "state": "Candidate",
        "ready": 1,
        "replicas": 1,
        "desired": 10,
        "achieved": 9,
    }


PARTS = st.sampled_from(sorted(waiting()))
WITHIN = st.sampled_from(sorted(waiting()["rollout"]))


@given(st.sets(PARTS), st.sets(WITHIN), st.booleans())
def test_whatever_is_missing_it_is_shown(parts: set[str], within: set[str], bare: bool) -> None:
    status = {key: value for key, value in waiting().items() if key not in parts}
    if "rollout" in status:
        status["rollout"] = {k: v for k, v in status["rollout"].items() if k not in within}
    found = deployment(status)
    if bare:
        del found["spec"]["rollout"]
    it = summarise(found)
    assert "sentiment" in text(panel(it))
    advice(it)


def test_evidence_is_shown_with_its_gates_and_the_digest_of_its_very_bytes() -> None:
    document, digest = frozen(deployment(waiting()))
    assert digest == DIGEST == digest_of(EVIDENCE)
    shown = text(evidence_panel("sentiment", document, digest))
    for words in (
        "Evidence for sentiment",
        "s3://models/sentiment?etag=2",
        "60 s until 2026-11-21T12:05:00Z",
        "rnew: 210, rold: 1890",
        "errorRate  Pass     0      0.01   0 of 210 failed",
        DIGEST,
    ):
        assert words in shown, shown


def test_evidence_tells_what_the_steps_before_were_passed_on() -> None:
    passed = [
        {"at": "2026-11-21T12:00:00Z", "why": "step 1 of 4 is passed", "numbers": {"disagreement": 0.01}}
    ]
    shown = text(evidence_panel("sentiment", {"revision": "r", "passed": passed}, DIGEST))
    assert "step 1 of 4 is passed (disagreement 0.01)" in shown, shown


def test_evidence_of_a_newer_operator_is_shown_as_it_stands() -> None:
    assert '{"kind": 1}' in text(evidence_panel("x", {"revision": "r", "newThing": {"kind": 1}}, DIGEST))


@pytest.mark.parametrize(
    ("rollout", "says"),
    [
        ({"evidence": None}, "sentiment does not wait for approval: step 3 of 4"),
        ({"evidenceDigest": "sha256:1"}, "one of them was changed, so nothing can be decided on it"),
        ({"evidence": "{", "evidenceDigest": digest_of("{")}, "the evidence in status is no JSON"),
        ({"evidence": "[]", "evidenceDigest": digest_of("[]")}, "is no JSON object"),
    ],
)
def test_nothing_is_decided_on_what_is_no_evidence(rollout: dict[str, Any], says: str) -> None:
    with pytest.raises(CliError, match=says.replace("(", r"\(")):
        frozen(deployment(waiting(**rollout)))
