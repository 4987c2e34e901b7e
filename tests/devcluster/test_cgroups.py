from pathlib import Path

from devcluster.cgroups import create, hierarchies, pod_roots, processes, remove


def test_version_1_has_a_root_in_each_hierarchy(tmp_path: Path) -> None:
    for name in ("cpu", "memory"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cgroup.procs").write_text("1\n")
    (tmp_path / "cpu,cpuacct").symlink_to(tmp_path / "cpu")
    assert hierarchies(tmp_path) == [tmp_path / "cpu", tmp_path / "memory"]
    create(tmp_path)
    create(tmp_path)
    assert [path.parent.name for path in pod_roots(tmp_path)] == ["cpu", "memory"]


def test_version_2_has_one_and_it_goes_leaves_first(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpu memory\n")
    (tmp_path / "cgroup.procs").write_text("1\n")
    create(tmp_path)
    (root,) = pod_roots(tmp_path)
    (root / "kubepods" / "pod1").mkdir(parents=True)
    assert remove([root]) == []
    assert pod_roots(tmp_path) == []


def test_processes_are_found_at_any_depth_and_not_beside_the_root(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("")
    create(tmp_path)
    (root,) = pod_roots(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "cgroup.procs").write_text("99\n")
    for depth, folder in enumerate((root, root / "kubepods", root / "kubepods" / "pod1")):
        folder.mkdir(exist_ok=True)
        (folder / "cgroup.procs").write_text(f"{100 + depth}\n")
    assert processes([root]) == {100, 101, 102}
