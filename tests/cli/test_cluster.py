"""The verbs that speak to a cluster, against a real API server; what an operator does with them is in e2e."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from modelyard_cli.cluster.client import connect
from modelyard_cli.cluster.tuning import keep
from modelyard_server.artifact.tuning_section import parse_tuning
from tests.cli.conftest import Call
from tests.cli.test_tune import TABLE
from tests.control_plane import ControlPlane, free_port

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
SENTIMENT = yaml.safe_load((ROOT / "examples/sentiment.yaml").read_text())


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    plane = ControlPlane(tmp_path_factory.mktemp("plane"), users=("nobody",))
    try:
        plane.start()
        for arguments in (
            ("apply", "--server-side", "-f", str(ROOT / "k8s/base/crd.yaml")),
            ("wait", "--for=condition=Established", "crd/modeldeployments.modelyard.dev", "--timeout=60s"),
        ):
            assert plane.kubectl(*arguments).returncode == 0
        made = plane.kubectl("create", "-f", "-", stdin=SENTIMENT)
        assert made.returncode == 0, made.stderr
        yield plane
    finally:
        plane.stop()


def test_a_purge_that_nobody_hears_says_so_and_stays_as_a_command(call: Call, plane: ControlPlane) -> None:
    told = call("cache", "purge", "sentiment", "--timeout", "0.2", KUBECONFIG=str(plane.kubeconfig()))
    assert told.exit_code == 1
    assert "is the operator running? The command stays" in told.stderr
    resource = json.loads(plane.kubectl("get", "mdep", "sentiment", "-o", "json").stdout)
    verb, _, rest = resource["metadata"]["annotations"]["modelyard.dev/command"].partition("@")
    assert (verb, rest.partition("#")[0]) == ("purge", "none")


@pytest.mark.parametrize(
    ("command", "user", "says"),
    [
        (
            "cache purge nowhere",
            "admin",
            "ModelDeployment nowhere in namespace default: not found; -n chooses",
        ),
        ("cache purge sentiment -n b", "admin", "ModelDeployment sentiment in namespace b: not found"),
        ("cache purge sentiment", "nobody", "403 Forbidden"),
        ("cache purge sentiment --context other", "admin", "Expected object with name other"),
        ("tune sentiment", "admin", "sentiment: no revision serves yet"),
        ("tune nowhere", "admin", "ModelDeployment nowhere in namespace default: not found"),
    ],
)
def test_what_is_wrong_is_said(call: Call, plane: ControlPlane, command: str, user: str, says: str) -> None:
    told = call(*command.split(), KUBECONFIG=str(plane.kubeconfig(user)))
    assert told.exit_code == 1
    assert says in told.stderr


def test_without_a_kubeconfig_or_a_cluster_the_message_says_which(call: Call, tmp_path: Path) -> None:
    told = call("cache", "purge", "sentiment", KUBECONFIG=str(tmp_path / "missing"))
    assert told.exit_code == 1
    assert "KUBECONFIG names the file" in told.stderr

    kubeconfig = {
        "current-context": "gone",
        "contexts": [{"name": "gone", "context": {"cluster": "gone", "user": "me"}}],
        "clusters": [{"name": "gone", "cluster": {"server": f"https://127.0.0.1:{free_port()}"}}],
        "users": [{"name": "me", "user": {"token": "t"}}],
    }
    (tmp_path / "config").write_text(yaml.safe_dump(kubeconfig))
    told = call("cache", "purge", "sentiment", KUBECONFIG=str(tmp_path / "config"))
    assert told.exit_code == 1
    assert "the API server can't be reached" in told.stderr


def test_tables_of_several_machines_share_a_config_map(
    plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig()))
    cluster = connect(None, None)
    newer = {**TABLE, "samples": "others.txt"}
    for machine, table in (("a", TABLE), ("b", TABLE), ("a", newer)):
        keep(cluster, "sentiment", parse_tuning(json.dumps({machine: table})))

    found = json.loads(plane.kubectl("get", "configmap", "sentiment-tuning", "-o", "json").stdout)
    assert json.loads(found["data"]["tuning.json"]) == {"a": newer, "b": TABLE}
