"""Admission policies: what makes a ModelApproval worth believing. `make manifests` writes them.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
"""

from typing import Any, Final

from modelyard_operator.api import approval
from modelyard_operator.api.base import GROUP, VERSION
from modelyard_operator.api.deployment import PLURAL
from modelyard_operator.kube.objects import Manifest
from modelyard_operator.labels import CHANGED_BY

APPROVER: Final = "modelyard-approver"
"""Holds `spec.approver` to whoever makes the ModelApproval."""
CHANGED_BY_POLICY: Final = "modelyard-changed-by"
"""Holds the annotation `modelyard.dev/changed-by` to whoever changes the spec. Optional."""
STATUS: Final = "modelyard-status"
"""Lets only the operator write the status: it is what is approved, and what traffic follows."""

_LABELS = {"app.kubernetes.io/name": "modelyard", "app.kubernetes.io/part-of": "modelyard"}
_API = "admissionregistration.k8s.io/v1"
_BY = f"[?'{CHANGED_BY}'].orValue('')"

Pair = tuple[Manifest, Manifest]
"""A policy, and the binding that puts it into force in every namespace."""


def approver() -> Pair:
    """Nobody decides in another's name."""
    return _pair(
        APPROVER,
        operations=("CREATE",),
        resource=approval.PLURAL,
        validations=(
            {
                "expression": "object.spec.approver == request.userInfo.username",
                "messageExpression": (
                    "'spec.approver must be who makes it: write ' + request.userInfo.username"
                ),
                "reason": "Forbidden",
            },
        ),
    )


def changed_by() -> Pair:
    """The annotation names who changed the spec last; whoever changes nothing else leaves it alone."""
    return _pair(
        CHANGED_BY_POLICY,
        operations=("CREATE", "UPDATE"),
        resource=PLURAL,
        variables=(
            {"name": "by", "expression": f"object.metadata.?annotations{_BY}"},
            {
                "name": "before",
                "expression": f"oldObject == null ? '' : oldObject.metadata.?annotations{_BY}",
            },
            {
                "name": "changes",
                "expression": "oldObject == null || object.spec != oldObject.spec",
            },
        ),
        validations=(
            {
                "expression": "!variables.changes || variables.by == request.userInfo.username",
                "messageExpression": (
                    f"'metadata.annotations[{CHANGED_BY}] must name who changes the spec: write ' + "
                    "request.userInfo.username"
                ),
                "reason": "Forbidden",
            },
            {
                "expression": "variables.changes || variables.by == variables.before",
                "messageExpression": (
                    f"'metadata.annotations[{CHANGED_BY}] may change only together with the spec: leave it "
                    "at ' + (variables.before == '' ? 'none' : variables.before)"
                ),
                "reason": "Forbidden",
            },
        ),
    )


def status(operator: str) -> Pair:
    """Only `operator`, a user name, writes the status of a ModelDeployment."""
    return _pair(
        STATUS,
        operations=("UPDATE",),
        resource=f"{PLURAL}/status",
        validations=(
            {
                "expression": f"request.userInfo.username == '{operator}'",
                "message": f"the status of a ModelDeployment is written by {operator} alone: it is what "
                "approvals are bound to",
                "reason": "Forbidden",
            },
        ),
    )


def _pair(
    name: str,
    *,
    operations: tuple[str, ...],
    resource: str,
    validations: tuple[Manifest, ...],
    variables: tuple[Manifest, ...] = (),
) -> Pair:
    rule = {
        "apiGroups": [GROUP],
        "apiVersions": [VERSION],
        "operations": list(operations),
        "resources": [resource],
    }
    spec: dict[str, Any] = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        **({"variables": list(variables)} if variables else {}),
        "validations": list(validations),
    }
    policy = {
        "apiVersion": _API,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name, "labels": dict(_LABELS)},
        "spec": spec,
    }
    binding = {
        "apiVersion": _API,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name, "labels": dict(_LABELS)},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    }
    return policy, binding
