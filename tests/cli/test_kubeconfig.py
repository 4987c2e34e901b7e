"""A kubeconfig that is none is named in one line, whatever was to be done."""

from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from modelyard_cli.main import VERBS
from tests.cli.conftest import Call

SENTIMENT = Path(__file__).parents[2] / "examples" / "sentiment.yaml"
COMMANDS = (
    "install",
    "doctor",
    f"apply {SENTIMENT}",
    "logs sentiment",
    "tune sentiment -n team",
    "cache purge sentiment",
    "loadtest sentiment --in-cluster",
    "status sentiment",
    "explain sentiment",
    "pause sentiment",
    "resume sentiment",
    "skip sentiment",
    "promote sentiment",
    "abort sentiment",
    "retry sentiment",
    "rollback sentiment",
    "refresh sentiment",
    "approve sentiment",
    "reject sentiment",
)
CLUSTER = {"name": "here", "cluster": {"server": "https://127.0.0.1:1"}}
CONTEXT = {"name": "here", "context": {"cluster": "here", "user": "me"}}


def kubeconfig(**fields: Any) -> str:
    """A good one, but for the fields given."""
    good = {"current-context": "here", "clusters": [CLUSTER], "contexts": [CONTEXT], "users": []}
    return yaml.safe_dump({**good, **fields})


def user(**fields: Any) -> str:
    return kubeconfig(users=[{"name": "me", "user": fields}])


def speaks_to_a_cluster(command: click.Command) -> bool:
    if isinstance(command, click.Group):
        return any(speaks_to_a_cluster(each) for each in command.commands.values())
    return any(each.name == "context" for each in command.params)


def test_every_verb_of_a_cluster_is_among_these() -> None:
    assert [each.partition(" ")[0] for each in COMMANDS] == [
        verb.name for verb in VERBS if speaks_to_a_cluster(verb)
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_no_kubeconfig_is_named_by_every_verb(call: Call, tmp_path: Path, command: str) -> None:
    file = tmp_path / "config"
    file.write_text("garbage: [")
    told = call(*command.split(), KUBECONFIG=str(file))
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr == (
        f"Error: {file} is no kubeconfig: it is no YAML: line 1: expected the node content, but found "
        "'<stream end>'; the variable KUBECONFIG names another\n"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it has no clusters, users and contexts"),
        ("hello", "it has no clusters, users and contexts"),
        ("[1, 2]", "it has no clusters, users and contexts"),
        ("\x00\x01", "it is no YAML: unacceptable character"),
        (kubeconfig(contexts="here"), "its contexts are no list"),
        (kubeconfig(contexts=["here"]), "number 1 of its contexts has no name"),
        (kubeconfig(clusters=[CLUSTER, {}]), "number 2 of its clusters has no name"),
        (kubeconfig(contexts=[{"name": "here", "context": "a"}]), "context of here in its contexts has no"),
    ],
)
def test_what_is_wrong_with_its_shape_is_said(call: Call, tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "config"
    file.write_text(text)
    told = call("status", "sentiment", KUBECONFIG=str(file))
    assert told.exit_code == 1
    assert f"{file} is no kubeconfig: {says}" in told.stderr
    assert told.stderr.count("\n") == 1


def test_a_file_that_cannot_be_read_is_named(call: Call, tmp_path: Path) -> None:
    told = call("status", "sentiment", KUBECONFIG=str(tmp_path))
    assert told.exit_code == 1
    assert f"{tmp_path} is no kubeconfig: it can't be read: Is a directory" in told.stderr


def test_of_several_the_one_that_is_none_is_named(call: Call, tmp_path: Path) -> None:
    good, wrong = tmp_path / "good", tmp_path / "wrong"
    good.write_text(kubeconfig())
    wrong.write_text("hello")
    told = call("status", "sentiment", KUBECONFIG=f"{tmp_path}/missing:{good}:{wrong}")
    assert told.stderr.startswith(f"Error: {wrong} is no kubeconfig: ")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (kubeconfig(**{"current-context": "there"}), "Expected object with name there"),
        (kubeconfig(clusters=[{"name": "here", "cluster": {"server": 5}}]), "'rstrip'"),
        (user(tokenFile="nowhere"), "No such file or directory"),
        (user(**{"client-certificate-data": "a", "client-key-data": "a"}), "base64"),
        # One of the two clients that read it passes over this, and the other does not.
        (user(**{"auth-provider": {"name": "oidc", "config": {"id-token": "a.b"}}}), "JWT"),
    ],
)
def test_what_it_names_and_what_is_not_so_is_said(call: Call, tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "config"
    file.write_text(text)
    told = call("doctor", KUBECONFIG=str(file))
    assert told.exit_code == 1
    assert told.stderr.startswith(f"Error: the cluster can't be told from {file}: ")
    assert says in told.stderr
    assert told.stderr.count("\n") == 1
