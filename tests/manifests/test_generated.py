"""k8s/base holds what `make manifests` writes."""

from pathlib import Path

import pytest

from modelyard_operator import manifests

BASE = Path(__file__).parents[2] / "k8s" / "base"


@pytest.mark.parametrize("name", manifests.generate())
def test_a_generated_file_is_current(name: str) -> None:
    assert (BASE / name).read_text() == manifests.generate()[name], "run `make manifests`"


def test_it_writes_where_it_is_told(tmp_path: Path) -> None:
    manifests.main(["--out", str(tmp_path / "new")])
    assert {file.name for file in (tmp_path / "new").iterdir()} == set(manifests.generate())
