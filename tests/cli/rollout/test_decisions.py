"""Approving and rejecting."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from modelyard_cli.main import main
from tests.cli.rollout.conftest import (
    ALICE,
    APPROVALS,
    BOB,
    Raw,
)
from tests.cli.view.resources import DIGEST, waiting
from tests.control_plane import ControlPlane

pytestmark = pytest.mark.integration


def test_a_decision_is_made_on_the_evidence_in_ones_own_name(
    run: Callable[..., Any], resource: Callable[[Raw], Raw], plane: ControlPlane, api: httpx.Client
) -> None:
    resource(waiting())
    done = run("approve", "sentiment", "--yes", "--reason", "looked at it", "--timeout", "0.2", user=ALICE)
    assert done.exit_code == 0, done.output
    assert done.stdout.index("Evidence for sentiment") < done.stdout.index("modelapproval sentiment-rnew-")
    [made] = api.get(APPROVALS).json()["items"]
    assert made["spec"] == {
        "deployment": "sentiment",
        "revision": "rnew",
        "evidence": DIGEST,
        "decision": "approve",
        "reason": "looked at it",
        "approver": ALICE,
    }


def test_a_rejection_for_scripts(
    run: Callable[..., Any], resource: Callable[[Raw], Raw], api: httpx.Client
) -> None:
    resource(waiting())
    done = run("reject", "sentiment", "-y", "-o", "json", "--timeout", "0.2", user=ALICE)
    assert json.loads(done.stdout)["approval"]["spec"]["decision"] == "reject"
    assert "Evidence for sentiment" in done.stderr


def test_who_says_no_decides_nothing(
    plane: ControlPlane, resource: Callable[[Raw], Raw], api: httpx.Client
) -> None:
    from click.testing import CliRunner  # noqa: PLC0415 - the only test that answers a question

    resource(waiting())
    environment = {"KUBECONFIG": str(plane.kubeconfig(ALICE))}
    done = CliRunner().invoke(main, ["approve", "sentiment", "-n", "team"], input="n\n", env=environment)
    assert done.exit_code == 1
    assert "Approve revision rnew of sentiment as alice?" in done.stderr
    assert api.get(APPROVALS).json()["items"] == []


def test_without_the_right_the_role_is_named(run: Callable[..., Any], resource: Callable[[Raw], Raw]) -> None:
    resource(waiting())
    done = run("approve", "sentiment", "--yes", user=BOB)
    assert done.exit_code == 1
    assert 'User "bob" cannot create resource "modelapprovals"' in done.stderr
    assert "the ClusterRole modelyard-approve gives the right" in done.stderr


def test_what_waits_for_nobody_is_not_approved(
    run: Callable[..., Any], resource: Callable[[Raw], Raw]
) -> None:
    resource(waiting(evidence=None, phase="Observing", message="step 2 of 4: watched"))
    done = run("approve", "sentiment", "--yes", user=ALICE)
    assert done.stderr == "Error: sentiment does not wait for approval: step 2 of 4: watched\n"
