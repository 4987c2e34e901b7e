from pathlib import Path

import pytest

from modelyard_server.engines.threads import cpu_limit, default_threads


def v1(root: Path, quota: str, period: str = "100000") -> None:
    (root / "cpu").mkdir()
    (root / "cpu" / "cpu.cfs_quota_us").write_text(f"{quota}\n")
    (root / "cpu" / "cpu.cfs_period_us").write_text(f"{period}\n")


@pytest.mark.parametrize(
    ("content", "limit"), [("max 100000\n", None), ("250000 100000\n", 2.5), ("50000 100000\n", 0.5)]
)
def test_control_groups_2(tmp_path: Path, content: str, limit: float | None) -> None:
    (tmp_path / "cpu.max").write_text(content)

    assert cpu_limit(tmp_path) == limit


@pytest.mark.parametrize(("quota", "limit"), [("-1", None), ("150000", 1.5)])
def test_control_groups_1(tmp_path: Path, quota: str, limit: float | None) -> None:
    v1(tmp_path, quota)

    assert cpu_limit(tmp_path) == limit


@pytest.mark.parametrize(
    ("quota", "cores", "threads"),
    [("150000", 8, 1), ("400000", 8, 4), ("400000", 2, 2), ("10000", 8, 1), ("-1", 8, 8)],
)
def test_threads_keep_within_limit_and_cores(tmp_path: Path, quota: str, cores: int, threads: int) -> None:
    v1(tmp_path, quota)

    assert default_threads(tmp_path, cores=lambda: cores) == threads


def test_no_control_groups_at_all(tmp_path: Path) -> None:
    assert cpu_limit(tmp_path) is None
