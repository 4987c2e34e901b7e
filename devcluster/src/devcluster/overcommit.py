"""Offers more CPU to the scheduler than a small machine has, so that two revisions fit beside each other.

Requests then weigh pods against each other as ever, and limits still throttle; only the sum may
exceed the machine. The kubelet would report the machine's real number again and again, so an
admission policy corrects what it reports.
"""

from collections.abc import Sequence
from typing import Any

from devcluster.api import Api, Manifest
from devcluster.config import NAME, Settings

CPUS = 8
"""At least this many are offered."""

APISERVER_FLAGS = (
    "--feature-gates=MutatingAdmissionPolicy=true",
    "--runtime-config=admissionregistration.k8s.io/v1beta1=true",
)
"""The policy's kind is beta and off by default in Kubernetes 1.34."""

_GROUP = "admissionregistration.k8s.io/v1beta1"
_TOO_FEW = (
    'has(object.status.allocatable) && "cpu" in object.status.allocatable && '
    f'quantity(object.status.allocatable["cpu"]).isLessThan(quantity("{CPUS}"))'
)


def manifests() -> Sequence[Manifest]:
    """The policy and what puts it in force."""
    patch = f'[JSONPatch{{op: "replace", path: "/status/allocatable/cpu", value: "{CPUS}"}}]'
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["nodes", "nodes/status"],
    }
    name = {"name": f"{NAME}-cpus"}
    return [
        {
            "apiVersion": _GROUP,
            "kind": "MutatingAdmissionPolicy",
            "metadata": name,
            "spec": {
                "matchConstraints": {"resourceRules": [rule]},
                "failurePolicy": "Ignore",
                "reinvocationPolicy": "Never",
                "matchConditions": [{"name": "too-few", "expression": _TOO_FEW}],
                "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": patch}}],
            },
        },
        {
            "apiVersion": _GROUP,
            "kind": "MutatingAdmissionPolicyBinding",
            "metadata": name,
            "spec": {"policyName": name["name"]},
        },
    ]


def cpus(node: dict[str, Any] | None) -> float:
    """CPUs that a node offers."""
    text = str((node or {}).get("status", {}).get("allocatable", {}).get("cpu", "0"))
    return float(text[:-1]) / 1000 if text.endswith("m") else float(text)


def declare(api: Api, settings: Settings) -> None:
    """Correct the node once by hand, for it may have registered before the policy was in force."""
    path = f"/api/v1/nodes/{settings.node_name}"
    if cpus(api.get(path)) < CPUS:
        api.merge(f"{path}/status", {"status": {"allocatable": {"cpu": str(CPUS)}}})
