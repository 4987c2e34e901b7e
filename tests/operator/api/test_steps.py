"""`spec.rollout.steps` as pydantic reads it; what the API server refuses is in test_api_server."""

from modelyard_operator.api.base import ApiModel
from modelyard_operator.api.openapi import structural
from modelyard_operator.api.steps import Steps

CANARY = [
    {"shadow": {"percent": 100, "for": "5m"}},
    {"weight": 10, "for": "2m"},
    {"approval": {"required": 2, "expiresAfter": "1d", "forbidSelfApproval": True}},
    {"weight": 50},
]


class Holder(ApiModel):
    steps: Steps = ()


def test_it_reads_and_writes_every_kind_of_step():
    held = Holder.model_validate({"steps": CANARY})
    assert [held.steps[0].shadow.for_, held.steps[1].for_, held.steps[3].for_] == ["5m", "2m", None]
    written = held.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    assert written == {"steps": CANARY}
    assert Holder().steps == ()


def test_the_schema_has_the_rules_and_the_bounds():
    steps = structural(Holder, defaults=True)["properties"]["steps"]
    assert steps["maxItems"] == 20
    assert {"weight", "for", "shadow", "approval", "analysis"} == set(steps["items"]["properties"])
    assert len(steps["items"]["x-kubernetes-validations"]) == 2
    assert "isSorted" in steps["x-kubernetes-validations"][0]["rule"]
