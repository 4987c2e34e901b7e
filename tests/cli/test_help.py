"""What a person reads who knows nothing yet."""

import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from modelyard_cli import kubectl_completion
from modelyard_cli.forms import FORMS
from modelyard_cli.main import main
from tests.cli.conftest import Call

PROJECT = tomllib.loads((Path(__file__).parents[2] / "cli" / "pyproject.toml").read_text())["project"]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ([], ["modelyard quantize ./my-model", "modelyard tune my-deployment -n team", "kubectl modelyard"]),
        (["tune"], ["PATH is an artifact's folder", "NAME is a ModelDeployment", "NAME-tuning", "--samples"]),
        (["quantize"], [*FORMS, "--max-flips", "modelyard-cli[quantize]"]),
        (["cache", "purge"], ["every pod", "A new revision never needs it"]),
    ],
)
def test_help_teaches(call: Call, command: list[str], says: list[str]) -> None:
    shown = call(*command, "--help")
    assert shown.exit_code == 0
    text = " ".join(shown.output.split())
    assert [words for words in says if words not in text] == []


def test_kubectl_finds_the_same_program() -> None:
    scripts = {
        one.name: one for one in entry_points(group="console_scripts") if one.name in PROJECT["scripts"]
    }
    assert set(scripts) == set(PROJECT["scripts"])
    assert scripts["modelyard"].load() is scripts["kubectl-modelyard"].load() is main


@pytest.mark.parametrize(("words", "says"), [(["exp"], "explain"), (["status", "--wat"], "--watch")])
def test_kubectl_completes_it(
    words: list[str], says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["kubectl_complete-modelyard", *words])
    kubectl_completion.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("\t")[0] for line in lines] == [says, ":4"]


def test_the_version_is_the_packages(call: Call) -> None:
    assert call("--version").output == f"modelyard, version {PROJECT['version']}\n"


@pytest.mark.parametrize("command", ["tun", "cache forget"])
def test_an_unknown_verb_is_named(call: Call, command: str) -> None:
    shown = call(*command.split())
    assert shown.exit_code == 2
    assert f"No such command '{command.rsplit(maxsplit=1)[-1]}'" in shown.output
