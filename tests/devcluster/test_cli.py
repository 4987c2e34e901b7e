from pathlib import Path

import pytest
from click.testing import CliRunner

from devcluster.cli import main


@pytest.fixture
def runner(tmp_path: Path) -> CliRunner:
    return CliRunner(
        env={"MODELYARD_DEVCLUSTER_DIR": str(tmp_path / "none"), "MODELYARD_CACHE": str(tmp_path)}
    )


@pytest.mark.parametrize(
    "command", ["up", "down", "status", "load-image", "logs", "kubeconfig", "restart", "remove", "crds"]
)
def test_every_command_has_help(runner: CliRunner, command: str) -> None:
    result = runner.invoke(main, [command, "--help"])
    assert result.exit_code == 0


def test_the_development_defaults_are_told(runner: CliRunner) -> None:
    assert "horizontal-pod-autoscaler" in runner.invoke(main, ["up", "--help"]).output


@pytest.mark.parametrize(
    "command",
    [["kubeconfig"], ["compact"], ["restart", "apiserver"], ["remove", "istio"], ["crds", "remove", "istio"]],
)
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


@pytest.mark.parametrize("command", [["up", "--with", "istio,linkerd"], ["remove", "linkerd"]])
def test_an_unknown_extra_is_answered_with_the_known(runner: CliRunner, command: list[str]) -> None:
    result = runner.invoke(main, command)
    assert result.exit_code == 2
    assert "'linkerd' is none of istio, gateway, prometheus" in result.output


def test_extras_are_named_with_commas_or_one_by_one(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted: list[str] = []
    monkeypatch.setattr("devcluster.preflight.check_rights", lambda: None)
    monkeypatch.setattr("devcluster.preflight.prepare", lambda *_: None)
    monkeypatch.setattr("devcluster.cluster.Cluster.up", lambda _, names: wanted.extend(names))
    result = runner.invoke(main, ["up", "--with", "istio, gateway", "--with", "prometheus"])
    assert result.exit_code == 0, result.output
    assert wanted == ["istio", "gateway", "prometheus"]


def test_what_an_extra_gives_is_told(runner: CliRunner) -> None:
    text = " ".join(runner.invoke(main, ["up", "--help"]).output.split())
    assert "istio (istiod" in text
    assert "prometheus (Prometheus" in text
