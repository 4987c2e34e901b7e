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


def member(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "membership"
    file.write_text("".join(f"{line}\n" for line in lines))
    return file


def test_a_group_below_the_root_is_found_and_bound_by_its_parents(tmp_path: Path) -> None:
    """Control groups 2 without a namespace of the container's own."""
    root, pod = tmp_path / "root", tmp_path / "root" / "kubepods" / "pod1"
    (pod / "server").mkdir(parents=True)
    (root / "kubepods" / "cpu.max").write_text("max 100000\n")
    (pod / "cpu.max").write_text("150000 100000\n")
    (pod / "server" / "cpu.max").write_text("400000 100000\n")
    (root / "kubepods" / "other").mkdir()
    (root / "kubepods" / "other" / "cpu.max").write_text("50000 100000\n")

    assert cpu_limit(root, member(tmp_path, "0::/kubepods/pod1/server")) == 1.5


@pytest.mark.parametrize("mount", ["cpu", "cpu,cpuacct"])
def test_a_group_below_the_root_of_version_1(tmp_path: Path, mount: str) -> None:
    group = tmp_path / "root" / mount / "kubepods" / "pod1"
    group.mkdir(parents=True)
    (group / "cpu.cfs_quota_us").write_text("250000\n")
    (group / "cpu.cfs_period_us").write_text("100000\n")
    own = member(tmp_path, "4:memory:/elsewhere", "3:cpu,cpuacct:/kubepods/pod1", "0::/")

    assert cpu_limit(tmp_path / "root", own) == 2.5


def test_a_path_outside_the_namespace_leaves_its_root(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "cpu.max").write_text("200000 100000\n")

    assert cpu_limit(tmp_path / "root", member(tmp_path, "0::/../other")) == 2.0
