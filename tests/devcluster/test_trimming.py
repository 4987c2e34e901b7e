from pathlib import Path

import pytest

from devcluster.errors import DevclusterError
from devcluster.trimming import Trim, cut, without

SOURCE = """package scaling

func build(name string) (Scaler, error) {
\tswitch name {
\tcase "queue":
\t\treturn NewQueue(map[string]int{"a": 1})
\tcase "cpu", "memory":
\t\treturn NewCPU()
\tcase "redis":
\t\treturn NewRedis()
\tdefault:
\t\treturn nil, fmt.Errorf("no scaler for: %s", name)
\t}
}
"""
KEPT = SOURCE.replace('\tcase "queue":\n\t\treturn NewQueue(map[string]int{"a": 1})\n', "").replace(
    '\tcase "redis":\n\t\treturn NewRedis()\n', ""
)
TRIM = Trim("example.org/m", "scalers", ("scaler.go", "cpu.go"), "builder.go", ("cpu",))


def test_cases_that_do_not_stay_are_cut_out() -> None:
    assert without(SOURCE, ["cpu"]) == KEPT
    assert without(SOURCE, ["queue", "cpu", "redis"]) == SOURCE
    with pytest.raises(DevclusterError, match="no case of kafka"):
        without(SOURCE, ["cpu", "kafka"])


def test_files_that_do_not_stay_are_deleted_and_folders_stay(tmp_path: Path) -> None:
    folder = tmp_path / "scalers"
    (folder / "aws").mkdir(parents=True)
    for name in ("scaler.go", "cpu.go", "queue.go", "queue_test.go", "aws/aws.go"):
        (folder / name).write_text("package scalers")
    (tmp_path / "builder.go").write_text(SOURCE)
    cut(TRIM, tmp_path)
    assert {path.name for path in folder.rglob("*.go")} == {"scaler.go", "cpu.go", "aws.go"}
    assert (tmp_path / "builder.go").read_text() == KEPT
    (folder / "cpu.go").unlink()
    with pytest.raises(DevclusterError, match=r"no scalers/cpu\.go: its layout has changed"):
        cut(TRIM, tmp_path)
