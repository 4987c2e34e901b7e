"""ModelDeployments as the API server gives them."""

import hashlib
import json
from typing import Any

Raw = dict[str, Any]

EVIDENCE = json.dumps(
    {
        "analysis": {
            "at": "2026-11-21T12:05:00Z",
            "disagreement": 0.01,
            "requests": {"rnew": 210, "rold": 1890},
            "results": [
                {
                    "gate": "errorRate",
                    "limit": 0.01,
                    "message": "0 of 210 failed",
                    "value": 0,
                    "verdict": "Pass",
                }
            ],
            "verdict": "Pass",
            "windowSeconds": 60,
        },
        "frozenAt": "2026-11-21T12:05:01Z",
        "model": {"digest": "sha256:beef", "pinned": "s3://models/sentiment?etag=2"},
        "revision": "rnew",
        "stable": "rold",
        "step": 3,
        "weight": 10,
    },
    separators=(",", ":"),
)
DIGEST = "sha256:" + hashlib.sha256(EVIDENCE.encode()).hexdigest()

STEPS = [
    {"shadow": {"percent": 100, "for": "5m"}},
    {"weight": 10, "for": "2m"},
    {"approval": {"required": 2}},
    {"weight": 50},
]


def deployment(status: Raw | None = None, **rollout: Any) -> Raw:
    """One with steps; `rollout`: of its spec."""
    spec = {"model": {"uri": "s3://models/sentiment"}, "rollout": {"steps": STEPS, **rollout}}
    return {
        "apiVersion": "modelyard.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": "sentiment", "namespace": "team"},
        "spec": spec,
        **({} if status is None else {"status": status}),
    }


def revision(name: str, state: str, ready: int = 1, **more: Any) -> Raw:
    return {
        "name": name,
        "state": state,
        "modelKey": "k",
        "pinned": "s3://models/sentiment?etag=1",
        "createdAt": "2026-11-21T11:00:00Z",
        "replicas": ready,
        "readyReplicas": ready,
        **more,
    }


def condition(kind: str, status: str, message: str = "", reason: str = "Reason") -> Raw:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": "2026-11-21T12:00:00Z",
    }


def waiting(**rollout: Any) -> Raw:
    """The status of one that waits for approval."""
    words = "step 3 of 4 (approval): revision rnew waits for approval: 1 of 2 approved (alice)"
    return {
        "observedGeneration": 2,
        "url": "http://sentiment.team.svc",
        "stableRevision": "rold",
        "candidateRevision": "rnew",
        "replicas": 2,
        "conditions": [
            condition("Ready", "True", "revision rold serves", "Serving"),
            condition("Reconciling", "True", words, "AwaitingApproval"),
            condition("Stalled", "False"),
        ],
        "revisions": [revision("rnew", "Candidate"), revision("rold", "Stable", 2)],
        "routing": {
            "mode": "istio",
            "reason": "the cluster serves VirtualServices",
            "desired": {"rold": 90, "rnew": 10},
            "achieved": {"rold": 91, "rnew": 9},
        },
        "rollout": {
            "phase": "AwaitingApproval",
            "step": 3,
            "steps": 4,
            "weight": 10,
            "message": words,
            "evidence": EVIDENCE,
            "evidenceDigest": DIGEST,
            "approvals": ["alice"],
            "history": [
                {
                    "at": "2026-11-21T12:00:00Z",
                    "revision": "rnew",
                    "what": "RolloutStarted",
                    "why": "rnew starts beside rold",
                    "numbers": {},
                },
                {
                    "at": "2026-11-21T12:05:01Z",
                    "revision": "rnew",
                    "what": "AwaitingApproval",
                    "why": "the evidence is frozen",
                    "numbers": {"errorRate": 0.0},
                },
            ],
            **rollout,
        },
    }
