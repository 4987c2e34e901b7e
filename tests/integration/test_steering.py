"""People steer, approve and replay rollouts with the command line, and the operator does as it is told."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from modelyard_cli.main import main
from modelyard_operator.approval import policies
from tests.control_plane import ControlPlane, wait_until
from tests.integration.controllers import Controllers
from tests.integration.operator_process import OperatorProcess
from tests.integration.resources import apply, get, listed, post, wait_condition
from tests.operator.notify.servers import Mailbox, mail_server

pytestmark = pytest.mark.integration

Run = Callable[..., Result]

NAME = "sentiment"
LONG = {"weight": 100, "for": "1h"}


@pytest.fixture
def run(api_server: ControlPlane, namespace: str) -> Run:
    """Runs `modelyard ARGUMENTS -n NAMESPACE` as the administrator."""

    def call(*arguments: str) -> Result:
        environment = {"KUBECONFIG": str(api_server.kubeconfig())}
        return CliRunner().invoke(main, [*arguments, "-n", namespace], env=environment)

    return call


def rollout(api: httpx.Client, namespace: str) -> dict[str, Any]:
    found = get(api, "ModelDeployment", namespace, NAME) or {}
    status: dict[str, Any] = found.get("status", {})
    return status | status.get("rollout", {})


def wait_phase(api: httpx.Client, namespace: str, *phases: str) -> dict[str, Any]:
    try:
        wait_until(lambda: rollout(api, namespace).get("phase") in phases, f"phase {phases}", 30)
    except TimeoutError as error:
        raise AssertionError(f"{error}: {json.dumps(rollout(api, namespace), indent=1)}") from error
    return rollout(api, namespace)


def begin(api: httpx.Client, namespace: str, steps: list[dict[str, Any]], notifications: Any = ()) -> str:
    """Serve one revision, then ask for another; answers the stable one."""
    spec: dict[str, Any] = {"rollout": {"steps": steps}}
    apply(api, namespace, spec=spec)
    wait_condition(api, namespace)
    resource = wait_condition(api, namespace, kind="Reconciling", status="False")
    apply(api, namespace, spec={**spec, "server": {"threads": 2}, "notifications": list(notifications)})
    return str(resource["status"]["stableRevision"])


def said(done: Result) -> str:
    assert done.exit_code == 0, done.output
    return str(done.stdout)


def test_a_rollout_does_as_it_is_told(
    api: httpx.Client, namespace: str, operator: OperatorProcess, run: Run
) -> None:
    stable = begin(api, namespace, [LONG, LONG])
    candidate = wait_phase(api, namespace, "Observing")["candidateRevision"]
    assert f"revision {candidate} is paused" in said(run("pause", NAME))
    refused = run("pause", NAME)
    assert refused.exit_code == 1
    assert refused.stderr == (
        f"Error: pause was refused: pause {candidate}: revision {candidate} is paused already: resume it\n"
    )
    assert json.loads(said(run("status", NAME, "-o", "json")))["paused"] is True
    assert f"revision {candidate} goes on" in said(run("resume", NAME))
    assert "step 1 of 2 (weight 100 %) is skipped" in said(run("skip", NAME))
    assert f"modelyard abort {NAME} -n {namespace}" in said(run("explain", NAME))

    assert "was aborted by a command" in said(run("abort", NAME))
    after = wait_phase(api, namespace, "Idle")
    assert (after["stableRevision"], after.get("candidateRevision")) == (stable, None)
    nothing = run("promote", NAME)
    assert "promote was refused" in nothing.stderr
    assert "no rollout is under way" in nothing.stderr

    said(run("retry", NAME))
    wait_until(lambda: rollout(api, namespace).get("candidateRevision") == candidate, "another try", 30)
    wait_phase(api, namespace, "Observing")
    assert "what is left of its steps is passed over" in said(run("promote", NAME))
    wait_until(lambda: rollout(api, namespace)["stableRevision"] == candidate, "the promotion", 30)
    wait_phase(api, namespace, "Idle")

    assert f"revision {stable} is to serve again, by command" in said(run("rollback", NAME))
    wait_until(lambda: rollout(api, namespace)["stableRevision"] == stable, "the roll-back", 30)
    said(run("status", NAME))

    log = CliRunner().invoke(main, ["replay", str(operator.log)])
    assert log.exit_code == 0, log.output
    assert log.stdout.splitlines()[-1].endswith("decisions, 0 of them would be others today")
    assert int(log.stdout.splitlines()[-1].split()[0]) >= 5


@pytest.fixture
def policy(api_server: ControlPlane) -> Iterator[Callable[[str], None]]:
    """Applies or deletes the policy on approvers."""

    def change(verb: str) -> None:
        arguments = ("apply", "--server-side") if verb == "apply" else (verb, "--ignore-not-found")
        done = api_server.kubectl(*arguments, "-f", "-", stdin=[*policies.approver()])
        assert done.returncode == 0, done.stderr

    change("delete")
    yield change
    change("delete")


def test_people_decide_and_only_while_one_can_tell_who(
    api: httpx.Client,
    namespace: str,
    operator: OperatorProcess,
    controllers: Controllers,
    run: Run,
    policy: Callable[[str], None],
) -> None:
    box = Mailbox()
    with mail_server(box, None) as port:
        mail = {"host": "127.0.0.1", "port": port, "tls": "none", "from": "m@example.org", "to": ["a@b.org"]}
        decide(api, namespace, run, policy, [{"smtp": mail}])
        wait_until(lambda: len(box.mails) == 3, "every mail", 30)
    assert sorted(mail["Subject"].rpartition(": ")[2] for mail in box.mails) == [
        "a rollout started",
        "waits for your approval",
        "was promoted",
    ]


def decide(
    api: httpx.Client,
    namespace: str,
    run: Run,
    policy: Callable[[str], None],
    notifications: list[dict[str, Any]],
) -> None:
    begin(api, namespace, [{"approval": {}}, {"weight": 100}], notifications)
    before = wait_phase(api, namespace, "AwaitingApproval")
    candidate = before["candidateRevision"]
    resource = wait_condition(api, namespace, kind="Approved", status="Unknown")
    assert "modelyard-approver is not installed" in resource["status"]["rollout"]["message"]
    early = run("approve", NAME, "--yes", "--timeout", "1")
    assert "approvals do not count" in said(early)

    policy("apply")
    wait_until(lambda: "it was made before" in rollout(api, namespace)["message"], "the policy is seen", 60)
    assert rollout(api, namespace)["phase"] == "AwaitingApproval", "what was made before does not count"

    # A policy counts a moment after it was stored: API servers learn of it one by one.
    def approved() -> bool:
        run("approve", NAME, "--yes", "--reason", "looked at it", "--timeout", "1")
        return bool(rollout(api, namespace)["stableRevision"] == candidate)

    wait_until(approved, "the promotion", 60)
    reasons = [event["reason"] for event in listed(api, "Event", namespace)]
    assert "Approved" in reasons
    assert any("admin" in entry["why"] for entry in rollout(api, namespace)["history"])


def test_one_who_rejects_ends_it(
    api: httpx.Client,
    namespace: str,
    operator: OperatorProcess,
    run: Run,
    policy: Callable[[str], None],
) -> None:
    policy("apply")
    stable = begin(api, namespace, [{"approval": {}}, {"weight": 100}])
    wait_phase(api, namespace, "AwaitingApproval")

    def rejected() -> bool:
        run("reject", NAME, "--yes", "--reason", "flips labels", "--timeout", "1")
        return bool(rollout(api, namespace).get("rejected"))

    wait_until(rejected, "the end of it", 60)
    assert "admin rejected" in rollout(api, namespace)["rejected"][0]["message"]
    assert wait_phase(api, namespace, "Idle")["stableRevision"] == stable


def test_a_notification_that_is_given_up_is_an_event_and_counted(
    api: httpx.Client, namespace: str, operator: OperatorProcess
) -> None:
    secret = {"metadata": {"name": "slack"}, "stringData": {"url": "gopher://chat.example.org/T0/token"}}
    post(api, "Secret", namespace, secret)
    apply(api, namespace, spec={"notifications": [{"slack": {"secretRef": {"name": "slack"}}}]})
    wait_condition(api, namespace)

    def messages() -> list[str]:
        events = listed(api, "Event", namespace)
        return [event["message"] for event in events if event["reason"] == "NotificationFailed"]

    wait_until(lambda: len(messages()) == 2, "the Events", 30)
    assert sorted(message.partition(" was")[0] for message in messages()) == [
        "promoted by slack",
        "rolloutStarted by slack",
    ]
    assert all("the Secret's key 'url' holds no http(s) address" in message for message in messages())
    metric = "modelyard_operator_notifications_total"
    assert operator.metric(metric, channel="slack", outcome="failed") == 2
    assert "T0/token" not in operator.log.read_text() + str(messages())
