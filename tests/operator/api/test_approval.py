"""The generated CRD of ModelApproval, without an API server."""

from modelyard_operator.api.crd import approval_crd, approval_schema
from modelyard_operator.api.rules import KEY
from tests.operator.api.test_crd import fields


def test_every_field_is_described_and_bounded() -> None:
    for path, field in fields(approval_schema()["properties"]["spec"]):
        assert field["description"], path
        assert "enum" in field or "maxLength" in field, path


def test_it_is_final() -> None:
    assert [rule["rule"] for rule in approval_schema()["properties"]["spec"][KEY]] == ["self == oldSelf"]
    version = approval_crd()["spec"]["versions"][0]
    assert "subresources" not in version
