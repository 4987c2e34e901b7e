"""docs/approval.md: its examples are taken, and what it names is there."""

import re
from pathlib import Path
from typing import Any

import yaml

from modelyard_operator.api.approval import ModelApprovalSpec, Verdict
from modelyard_operator.api.rollout import RolloutSpec
from modelyard_operator.approval import policies
from modelyard_operator.labels import CHANGED_BY

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "approval.md").read_text()


def examples() -> list[Any]:
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)]


def test_the_examples_are_what_they_say() -> None:
    steps, approval, annotation = examples()
    asked = RolloutSpec.model_validate(steps["spec"]["rollout"]).steps[1].approval
    assert asked is not None
    assert (asked.required, asked.expires_after, asked.forbid_self_approval) == (2, "24h", True)
    assert ModelApprovalSpec.model_validate(approval["spec"]).decision is Verdict.APPROVE
    assert list(annotation["metadata"]["annotations"]) == [CHANGED_BY]


def test_what_it_names_is_there() -> None:
    for name in (policies.APPROVER, policies.STATUS, "modelyard-approve"):
        assert f"`{name}`" in TEXT
    for file in re.findall(r"k8s/[a-z/-]+\.yaml", TEXT):
        assert (ROOT / file).is_file(), file
