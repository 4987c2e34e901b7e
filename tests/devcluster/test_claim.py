from pathlib import Path

import pytest

from devcluster import claim
from devcluster.errors import DevclusterError


def test_a_second_cluster_is_refused_and_the_first_is_named(tmp_path: Path) -> None:
    file, first, second = tmp_path / "claim", tmp_path / "first", tmp_path / "second"
    first.mkdir()
    claim.take(first, file)
    claim.take(first, file)
    with pytest.raises(DevclusterError, match=f"MODELYARD_DEVCLUSTER_DIR={first}"):
        claim.check(second, file)
    claim.release(file)
    claim.take(second, file)


def test_a_folder_that_is_gone_claims_nothing(tmp_path: Path) -> None:
    file = tmp_path / "claim"
    claim.take(tmp_path / "gone", file)
    claim.check(tmp_path / "here", file)
