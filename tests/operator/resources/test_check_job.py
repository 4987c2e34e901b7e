"""The Jobs that an analysis asks for."""

from dataclasses import replace
from pathlib import Path

import pytest

from modelyard_operator.api.checks import JobCheck
from modelyard_operator.api.crd import to_yaml
from modelyard_operator.resources.check_job import check_job
from tests.control_plane import ControlPlane
from tests.operator.resources.cases import context

GOLDEN = Path(__file__).parent / "golden" / "check_job.yaml"
CHECK = JobCheck.model_validate(
    {
        "name": "smoke",
        "image": "registry.example.org/smoke:3",
        "command": ["/smoke"],
        "args": ["--requests", "200"],
        "env": [{"name": "LEVEL", "value": "high"}],
        "secretRef": {"name": "smoke-keys"},
        "timeout": "1m30s",
    }
)
PLAIN = JobCheck(name="plain", image="smoke:1")
CTX = context("minimal")


def test_it_is_as_the_golden_file_has_it():
    both = (check_job(CTX, CHECK, "rnew", "rold", 2), check_job(CTX, PLAIN, "rnew", None, 0))
    text = "---\n".join(to_yaml(each) for each in both)
    assert text == GOLDEN.read_text()


def test_each_candidate_step_and_check_has_its_own():
    names = {
        check_job(CTX, check, candidate, "rold", step)["metadata"]["name"]
        for check in (CHECK, PLAIN, CHECK.model_copy(update={"args": ()}))
        for candidate in ("rnew", "rnext")
        for step in (0, 1)
    }
    assert len(names) == 12
    longest = replace(CTX, name="n" * 40)
    assert len(check_job(longest, CHECK, "rnew", "rold", 0)["metadata"]["name"]) <= 63


@pytest.mark.integration
def test_it_is_taken_within_the_restricted_standard(control_plane: ControlPlane):
    labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "checks", "labels": labels}}
    created = control_plane.kubectl("apply", "-f", "-", stdin=namespace)
    assert created.returncode == 0, created.stderr
    ctx = replace(CTX, namespace="checks", uid="6c84fb90-12c4-11e1-840d-7b25c5ee775a")
    with control_plane.client() as api:
        for check in (CHECK, PLAIN):
            job = check_job(ctx, check, "rnew", "rold", 2)
            path = "/apis/batch/v1/namespaces/checks/jobs"
            answer = api.post(path, params={"fieldValidation": "Strict"}, json=job)
            assert answer.status_code == 201, answer.json()["message"]
            assert "warning" not in answer.headers, answer.headers["warning"]
