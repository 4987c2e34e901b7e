"""The verbs that speak to a cluster, against a real API server; what an operator does with them is in e2e."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from modelyard_cli.cluster.client import connect
from modelyard_cli.cluster.tuning import keep
from modelyard_server.artifact.tuning_section import parse_tuning
from tests.cli.conftest import Call
from tests.cli.test_tune import TABLE
from tests.control_plane import ControlPlane
from tests.ports import free_port

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
BASE = ROOT / "k8s" / "base"
TESTER = "ann 100%"
"""As some identity providers name people: not every character of it fits into the name of an object."""
SENTIMENT = yaml.safe_load((ROOT / "examples/sentiment.yaml").read_text())


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    plane = ControlPlane(tmp_path_factory.mktemp("plane"), users=("nobody", TESTER))
    try:
        plane.start()
        for arguments in (
            ("apply", "--server-side", "-f", f"{BASE}/crd.yaml", "-f", f"{BASE}/user_roles.yaml"),
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
        (
            "cache purge sentiment --context other",
            "admin",
            "has no context other: --context takes one of test",
        ),
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
    assert f"there is no kubeconfig at {tmp_path}/missing: name yours in the variable" in told.stderr

    port = free_port()
    kubeconfig = {
        "current-context": "gone",
        "contexts": [{"name": "gone", "context": {"cluster": "gone", "user": "me"}}],
        "clusters": [{"name": "gone", "cluster": {"server": f"https://127.0.0.1:{port}"}}],
        "users": [{"name": "me", "user": {"token": "t"}}],
    }
    (tmp_path / "config").write_text(yaml.safe_dump(kubeconfig))
    told = call("cache", "purge", "sentiment", KUBECONFIG=str(tmp_path / "config"))
    assert told.exit_code == 1
    assert f"the API server can't be reached: 127.0.0.1:{port}: [Errno 111] Connection refused" in told.stderr


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


def lacks_a_right(call: Call, plane: ControlPlane) -> str:
    """What the tester is told of a load test in the cluster."""
    told = call("loadtest", "sentiment", "--in-cluster", KUBECONFIG=str(plane.kubeconfig(TESTER)))
    assert told.exit_code == 1
    assert "the ClusterRole modelyard-loadtest gives the right" in told.stderr
    return str(told.stderr)


def test_who_may_run_no_load_tests_is_told_what_binds_the_right(call: Call, plane: ControlPlane) -> None:
    assert "ModelDeployment sentiment in namespace default: 403 Forbidden" in lacks_a_right(call, plane)
    serves = json.dumps({"status": {"observedGeneration": 1, "stableRevision": "r1"}})
    for arguments in (
        ("patch", "mdep", "sentiment", "--subresource=status", "--type=merge", "-p", serves),
        ("create", "rolebinding", "looks", "--clusterrole=modelyard-view", f"--user={TESTER}"),
    ):
        assert plane.kubectl(*arguments).returncode == 0
    told = lacks_a_right(call, plane)
    assert "Error: Job sentiment-loadtest-" in told and "403 Forbidden" in told

    _kubectl, *command = shlex.split(told.partition("binds it by: ")[2])
    done = plane.kubectl(*command)
    assert done.returncode == 0, done.stderr
    for right in ("create jobs", "create secrets", "list pods", "get pods/log", "delete jobs"):
        assert plane.kubectl("auth", "can-i", *right.split(), user=TESTER).stdout == "yes\n", right
    assert plane.kubectl("auth", "can-i", "get", "secrets", user=TESTER).stdout == "no\n"
