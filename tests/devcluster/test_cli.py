from pathlib import Path

import pytest
from click.testing import CliRunner

from devcluster.cli import main


@pytest.fixture
def runner(tmp_path: Path) -> CliRunner:
    return CliRunner(
        env={"MODELYARD_DEVCLUSTER_DIR": str(tmp_path / "none"), "MODELYARD_CACHE": str(tmp_path)}
    )


@pytest.mark.parametrize("command", ["up", "down", "status", "load-image", "logs", "kubeconfig", "restart"])
def test_every_command_has_help(runner: CliRunner, command: str) -> None:
    result = runner.invoke(main, [command, "--help"])
    assert result.exit_code == 0


def test_the_development_defaults_are_told(runner: CliRunner) -> None:
    assert "horizontal-pod-autoscaler" in runner.invoke(main, ["up", "--help"]).output


@pytest.mark.parametrize("command", [["kubeconfig"], ["compact"], ["restart", "apiserver"]])
def test_without_a_cluster_the_next_step_is_told(
    runner: CliRunner, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devcluster.preflight.check_rights", lambda: None)
    result = runner.invoke(main, command)
    assert result.exit_code == 1
    assert "Error: No cluster is up: run `devcluster up` first." in result.output


def test_status_tells_by_its_exit_code_that_nothing_runs(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devcluster.preflight.check_rights", lambda: None)
    result = runner.invoke(main, ["status"])
    assert result.exit_code == 3
    assert "not started" in result.output


def test_an_unknown_component_is_answered_with_the_known(runner: CliRunner) -> None:
    result = runner.invoke(main, ["restart", "dockerd"])
    assert result.exit_code == 2
    assert "kube-apiserver" in result.output
