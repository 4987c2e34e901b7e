"""What a person decides on: one canonical JSON text, and its digest. Pure."""

import hashlib
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from modelyard_operator.analysis.verdict import Analysis
from modelyard_operator.api.status import MAX_EVIDENCE, MAX_NUMBERS, RevisionStatus
from modelyard_operator.rollout.evidence import Evidence
from modelyard_operator.rollout.state import Happening, State

MESSAGE = 200
"""Characters of a gate's words that are kept."""
DISAGREEMENT = "disagreement"
"""Gates whose name begins with it compare predictions."""
MAX_PASSED = 5
"""Steps that were passed, of which the evidence tells."""


def freeze(state: State, evidence: Evidence, candidate: RevisionStatus, now: datetime) -> tuple[str, str]:
    """The evidence for `candidate` as canonical JSON, and `sha256:` with the digest of its bytes."""
    document: dict[str, Any] = {
        "revision": candidate.name,
        "model": {"pinned": candidate.pinned, "digest": evidence.digest},
        "stable": state.stable,
        "step": state.step + 1,
        "plan": state.plan,
        "weight": state.weight,
        "shadow": state.shadow,
        "frozenAt": _stamp(now),
        "analysis": None if evidence.analysis is None else _analysis(evidence.analysis),
        "passed": _passed(state, candidate),
    }
    text = _canonical(document)
    if len(text) > MAX_EVIDENCE:
        # What can be looked up elsewhere goes first.
        document["passed"] = []
        text = _canonical(document)
    if len(text) > MAX_EVIDENCE and document["analysis"] is not None:
        for result in document["analysis"]["results"]:
            del result["message"]
        text = _canonical(document)
    return text.decode(), f"sha256:{hashlib.sha256(text).hexdigest()}"


def numbers(analysis: Analysis | None) -> dict[str, float]:
    """The measured values, as a history entry keeps them."""
    if analysis is None:
        return {}
    found: dict[str, float] = {f"requests {name}": float(n) for name, n in sorted(analysis.requests.items())}
    for result in analysis.results:
        if result.value is not None and math.isfinite(result.value):
            found[result.gate[:63]] = _rounded(result.value)
    return dict(list(found.items())[:MAX_NUMBERS])


def _analysis(analysis: Analysis) -> dict[str, Any]:
    return {
        "at": _stamp(analysis.at),
        "windowSeconds": _rounded(analysis.window_seconds),
        "verdict": analysis.verdict.value,
        "requests": _plain(analysis.requests),
        "disagreement": next((_number(r.value) for r in analysis.results if _compares(r.gate)), None),
        "results": [
            {
                "gate": result.gate,
                "verdict": result.verdict.value,
                "value": _number(result.value),
                "limit": _number(result.limit),
                "message": result.message[:MESSAGE],
            }
            for result in analysis.results
        ],
    }


def _passed(state: State, candidate: RevisionStatus) -> list[dict[str, Any]]:
    """What the candidate's earlier steps were passed on: a shadow's disagreement, say."""
    return [
        {"at": _stamp(entry.at), "why": entry.why[:MESSAGE], "numbers": dict(entry.numbers)}
        for entry in state.history
        if entry.revision == candidate.name
        and entry.what == Happening.PASSED
        and (state.started_at is None or entry.at >= state.started_at)
    ][-MAX_PASSED:]


def _compares(gate: str) -> bool:
    return gate.lower().startswith(DISAGREEMENT)


def _plain(requests: Mapping[str, int]) -> dict[str, int]:
    return {name: int(count) for name, count in requests.items()}


def _canonical(document: dict[str, Any]) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else _rounded(value)


def _rounded(value: float) -> float:
    """Six significant digits: more is noise."""
    return float(f"{value:.6g}")


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
