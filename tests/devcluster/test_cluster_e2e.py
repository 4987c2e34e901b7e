"""Against the machine's own cluster, which `devcluster up` brings up if it is not there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from devcluster.overcommit import CPUS, cpus

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]


def devcluster(*arguments: str) -> str:
    command = [str(Path(sys.executable).with_name("devcluster")), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def kubeconfig() -> str:
    return devcluster("up").strip()


def test_everything_is_healthy_and_up_again_changes_no_process(kubeconfig: str) -> None:
    before = json.loads(devcluster("status", "--json"))
    assert before["healthy"], before
    assert devcluster("up").strip() == kubeconfig
    assert json.loads(devcluster("status", "--json"))["components"] == before["components"]


def test_the_store_keeps_what_it_has(kubeconfig: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(b"x" * 100_000)
    place = f"s3://devcluster-test/{tmp_path.name}"
    devcluster("store", "put", str(folder), place)
    result = subprocess.run(
        [str(Path(sys.executable).with_name("devcluster")), "store", "put", str(folder), place],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "0 of 1 files new or changed" in result.stderr


def test_history_can_be_compacted_more_than_once(kubeconfig: str) -> None:
    first = int(devcluster("compact"))
    assert int(devcluster("compact")) >= first


def test_two_pods_of_a_whole_cpu_fit_on_a_small_machine(kubeconfig: str) -> None:
    kubectl = devcluster("tool", "kubectl").strip()
    command = [kubectl, "--kubeconfig", kubeconfig, "get", "nodes", "-o", "json"]
    (node,) = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["items"]
    assert cpus(node) >= CPUS
