"""Every builder's output, compared with files. `MODELYARD_GOLDEN=write pytest …` writes them anew."""

import os
from pathlib import Path

import pytest

from modelyard_operator.api.crd import to_yaml
from tests.operator.resources.cases import CASES, children, context

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("case", CASES)
def test_children_are_as_the_golden_file_has_them(case: str) -> None:
    text = "---\n".join(f"# {name}\n{to_yaml(child)}" for name, child in children(context(case)).items())
    file = GOLDEN / f"{case}.yaml"
    if os.environ.get("MODELYARD_GOLDEN") == "write":
        file.write_text(text)
    assert text == file.read_text(), f"see `git diff` after MODELYARD_GOLDEN=write pytest {__file__}"
