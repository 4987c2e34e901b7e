"""docs/modeldeployment.md holds what `make manifests` writes, and says all that there is to say."""

from pathlib import Path

import pytest

from modelyard_operator import contract, reference
from modelyard_operator.api.model import Task
from modelyard_operator.reconcile import commands, conditions, drift

PAGE = Path(__file__).parents[2] / "docs" / "modeldeployment.md"


def test_the_tables_are_current(tmp_path: Path) -> None:
    copy = tmp_path / "page.md"
    copy.write_text(PAGE.read_text())
    reference.main([str(copy)])
    assert copy.read_text() == PAGE.read_text(), "run `make manifests`"


def test_a_page_without_a_place_for_them_is_refused() -> None:
    with pytest.raises(reference.PageError, match="end of fields"):
        reference.fill(reference.BEGIN)


def test_tables_tell_type_default_meaning_and_what_is_refused() -> None:
    text = reference.fields()
    assert "| `spec.model.uri` | string | required | Where the artifact is" in text
    tasks = " or ".join(f"`{task}`" for task in Task)
    assert f"| `spec.model.task` | {tasks} |  | What the model does" in text
    assert "| `spec.scaling.maxReplicas` | 1 to 1000 | `3` | Never more pods than this. |" in text
    assert "| `spec.rollout.paused` | boolean | `false` |" in text
    assert "| `spec.server.env[].name` | string | required |" in text
    assert "| `spec.cache.managed.maxMemory` | quantity | `64Mi` |" in text
    assert "| `status.revisions[].pinned` |" in text
    assert "- `spec.scaling` minReplicas must not be above maxReplicas" in text


@pytest.mark.parametrize(
    "word",
    [
        *(value for name, value in vars(contract).items() if name.startswith("REASON_")),
        conditions.READY,
        conditions.RECONCILING,
        conditions.STALLED,
        conditions.MODEL_LOADED,
        conditions.CACHE_READY,
        conditions.ROUTE_READY,
        conditions.SCALER_READY,
        conditions.APPROVED,
        drift.DRIFTED,
        *commands.KNOWN,
    ],
)
def test_the_page_explains_every_condition_store_error_and_command(word: str) -> None:
    assert f"`{word}`" in PAGE.read_text()
