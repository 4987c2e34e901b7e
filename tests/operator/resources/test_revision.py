"""A revision as a ControllerRevision holds it."""

import pytest

from modelyard_operator.kube.objects import RevisionData
from modelyard_operator.resources import catalog
from tests.operator.resources.cases import CASES, context, source


@pytest.mark.parametrize("case", CASES)
def test_a_revision_is_read_as_it_was_written(case: str) -> None:
    ctx = context(case)
    revision = catalog.birth(ctx, source(ctx))
    stored = catalog.controller_revision(ctx, revision)
    assert catalog.read_revision(RevisionData.of(stored["data"])) == revision


def test_a_revision_of_an_older_operator_is_read() -> None:
    ctx = context("minimal")
    stored = catalog.controller_revision(ctx, catalog.birth(ctx, source(ctx)))["data"]
    older = {key: value for key, value in stored.items() if key not in ("spec", "digest", "task")}
    newer = stored | {"unheardOf": 1}
    assert catalog.read_revision(RevisionData.of(older)).deployment == stored["deployment"]
    assert catalog.read_revision(RevisionData.of(newer)).name == stored["name"]


def test_a_strangers_controller_revision_is_refused() -> None:
    with pytest.raises(ValueError, match="not a revision"):
        catalog.read_revision(RevisionData.of({"spec": {}}))
