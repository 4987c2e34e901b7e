"""Frozen evidence: canonical, bounded, and the digest is of its bytes."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import orjson

from modelyard_operator.analysis.verdict import Analysis, Result, Verdict
from modelyard_operator.api.status import HistoryEntry
from modelyard_operator.rollout.evidence import Evidence
from modelyard_operator.rollout.freeze import freeze, numbers
from tests.operator.rollout.situations import NEW, NOW, OLD, ROLLING, asked

RESULTS = (
    Result("errorRate", Verdict.PASS, 0.0012345678, 0.01, "few errors"),
    Result("disagreement", Verdict.PASS, 0.02, 0.05, "little"),
    Result("queries[0] q", Verdict.INCONCLUSIVE, float("nan"), None, "not a number"),
)
ANALYSIS = Analysis.of(NOW, 30.0, RESULTS, {NEW: 10, OLD: 90})
EVIDENCE = Evidence(asked(NEW), analysis=ANALYSIS, digest="sha256:" + "d" * 64)


def test_the_digest_is_of_the_very_bytes():
    text, digest = freeze(ROLLING, EVIDENCE, ROLLING.entry(NEW), NOW)
    assert digest == "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    assert orjson.dumps(orjson.loads(text), option=orjson.OPT_SORT_KEYS).decode() == text, "canonical"


def test_it_holds_what_a_person_decides_on():
    found = orjson.loads(freeze(ROLLING, EVIDENCE, ROLLING.entry(NEW), NOW)[0])
    assert found["revision"] == NEW
    assert found["stable"] == OLD
    assert found["model"] == {"digest": "sha256:" + "d" * 64, "pinned": f"s3://{NEW}"}
    assert found["analysis"]["requests"] == {NEW: 10, OLD: 90}
    assert found["analysis"]["disagreement"] == 0.02
    assert [r["value"] for r in found["analysis"]["results"]] == [0.00123457, 0.02, None]


def test_it_holds_what_this_candidates_earlier_steps_were_passed_on():
    def entry(revision, at, what="StepPassed"):
        return HistoryEntry(at=at, revision=revision, what=what, why="step 1", numbers={"disagreement": 0.01})

    began = ROLLING.started_at
    history = (
        entry(NEW, began - timedelta(hours=1)),
        entry(OLD, began),
        entry(NEW, began, "TrafficShifted"),
        entry(NEW, began),
    )
    found = orjson.loads(freeze(replace(ROLLING, history=history), EVIDENCE, ROLLING.entry(NEW), NOW)[0])
    stamp = began.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert found["passed"] == [{"at": stamp, "why": "step 1", "numbers": {"disagreement": 0.01}}]


def test_another_measurement_is_other_evidence():
    first = freeze(ROLLING, EVIDENCE, ROLLING.entry(NEW), NOW)[1]
    other = replace(EVIDENCE, analysis=replace(ANALYSIS, requests={NEW: 11, OLD: 90}))
    assert freeze(ROLLING, other, ROLLING.entry(NEW), NOW)[1] != first


def test_however_many_gates_it_fits_into_status():
    many = tuple(Result(f"queries[{n}] {'q' * 60}", Verdict.PASS, 1.0, 2.0, "x" * 500) for n in range(60))
    wide = replace(EVIDENCE, analysis=Analysis.of(NOW, 30.0, many))
    assert len(freeze(ROLLING, wide, ROLLING.entry(NEW), NOW)[0]) <= 16_384
    assert len(numbers(wide.analysis)) <= 24


def test_what_is_no_number_is_left_out_of_the_history():
    assert set(numbers(ANALYSIS)) == {f"requests {NEW}", f"requests {OLD}", "errorRate", "disagreement"}
