"""k8s holds what `make manifests` writes."""

from pathlib import Path

import pytest

from modelyard_operator import manifests

K8S = Path(__file__).parents[2] / "k8s"


@pytest.mark.parametrize("name", manifests.generate())
def test_a_generated_file_is_current(name: str) -> None:
    assert (K8S / name).read_text() == manifests.generate()[name], "run `make manifests`"


def test_it_writes_where_it_is_told(tmp_path: Path) -> None:
    out = tmp_path / "new"
    manifests.main(["--out", str(out)])
    written = {str(file.relative_to(out)) for file in out.rglob("*.yaml")}
    assert written == set(manifests.generate())
