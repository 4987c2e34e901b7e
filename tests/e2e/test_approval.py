"""Blue/green with people in between: who may decide, what counts, and who is told of it."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.shell import ROOT, CommandError
from demo.targets.base import Target
from devcluster.config import Settings
from modelyard_operator.labels import CHANGED_BY
from tests.certificates import self_signed
from tests.e2e.cluster import Namespace, Resource, condition
from tests.e2e.load import load
from tests.e2e.people import Person, person
from tests.e2e.test_rollout import generation, promoted, switched
from tests.operator.notify.servers import PASSWORD, USER, Mailbox, Web, mail_server, web_server

pytestmark = pytest.mark.e2e

KEY = "signs what is told"
ADDRESS = Settings.from_environment().node_ip
"""Of this machine, where pods reach it."""
BLUE_GREEN = [{"approval": {"required": 2, "forbidSelfApproval": True}}, {"weight": 100}]
NOWHERE = "didn't match Pod's node affinity/selector"
"""What the scheduler says of a node that does not exist."""
BINDING = "validatingadmissionpolicybinding/modelyard-approver"
COMPONENT = ROOT / "k8s/components/changed-by/policy.yaml"


@pytest.fixture
def policies(target: Target) -> Iterator[None]:
    """The optional policy on who changes specs; afterwards the policies are as the base has them."""
    if target.name != "embedded":
        pytest.skip(f"{target.name} does not reach servers of this machine; run with CLUSTER=embedded")
    target.kubectl("apply", "--server-side", "-f", COMPONENT)
    yield
    target.kubectl("delete", "--ignore-not-found", "-f", COMPONENT)
    target.kubectl("apply", "--server-side", "-f", ROOT / "k8s/base/admission.yaml")


def told(port: int) -> list[Resource]:
    """By mail with STARTTLS and a login, and by a webhook with a signature."""
    mail = {"host": ADDRESS, "port": port, "from": "modelyard@example.org", "to": ["team@example.org"]}
    return [{"smtp": {**mail, "secretRef": {"name": "mail"}}}, {"webhook": {"secretRef": {"name": "hook"}}}]


def secret(name: str, **values: str) -> Resource:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values}


def changed(resource: Resource, by: Person) -> Resource:
    resource["metadata"]["annotations"] = {CHANGED_BY: by.user}
    return resource


async def says(namespace: Namespace, words: str, within: float = 60) -> Resource:
    """The resource once what it waits for is said so."""

    def there() -> Resource | None:
        found = namespace.mdep()
        return found if words in found["status"]["rollout"]["message"] else None

    found: Resource = await namespace.until(f"it says {words!r}", there, within=within)
    return found


def approval(resource: Resource, by: str) -> Resource:
    status = resource["status"]
    return {
        "apiVersion": "modelyard.dev/v1alpha1",
        "kind": "ModelApproval",
        "metadata": {"generateName": "by-hand-"},
        "spec": {
            "deployment": "sentiment",
            "revision": status["candidateRevision"],
            "evidence": status["rollout"]["evidenceDigest"],
            "decision": "approve",
            "approver": by,
        },
    }


@pytest.mark.usefixtures("policies")
async def test_two_people_decide_who_did_not_change_it_and_everybody_is_told(
    namespace: Namespace, tmp_path: Path
) -> None:
    author = person(namespace, tmp_path, "author", "edit", "modelyard-approve")
    alice, bob = (person(namespace, tmp_path, name, "modelyard-approve") for name in ("alice", "bob"))
    carol = person(namespace, tmp_path, "carol", "view")
    box, shown = Mailbox(), self_signed(tmp_path, ADDRESS)
    with mail_server(box, shown, address=ADDRESS) as port:
        async with web_server(ADDRESS) as web:
            namespace.apply(
                secret("mail", username=USER, password=PASSWORD, **{"ca.crt": shown.authority.read_text()}),
                secret("hook", url=web.url, key=KEY),
            )

            def version(n: int, **rollout: Any) -> Resource:
                steps = {"deadline": "3m", "steps": BLUE_GREEN, **rollout}
                return changed(generation(n, rollout=steps, notifications=told(port)), author)

            author.apply(version(1))
            first = await promoted(namespace)
            async with load(await namespace.url(), keep_alive=2, fresh=1) as seen:
                second = await decided(namespace, version(2), author, (alice, bob), carol)
                await namespace.until("green has all", switched(seen.revisions, second), within=60)
                await asyncio.to_thread(author.modelyard, "rollback", "sentiment", first)
                await namespace.until("blue has all", switched(seen.revisions, first), within=60)
                third = await given_up(namespace, version(3, deadline="15s"), author)
            assert seen.failures == []
            assert set(seen.revisions) == {first, second}
            await heard(namespace, box, web, {first, second, third})


async def decided(
    namespace: Namespace, resource: Resource, author: Person, approvers: tuple[Person, Person], other: Person
) -> str:
    """Takes a change to its promotion, past all who may not decide; the new revision."""
    alice, bob = approvers
    unsigned = json.loads(json.dumps(resource))
    unsigned["metadata"]["annotations"][CHANGED_BY] = alice.user
    await refused(
        namespace, author, "apply", unsigned, f"must name who changes the spec: write {author.user}"
    )

    # While nobody can tell who makes an approval, none counts.
    namespace.kubectl("delete", BINDING)
    await asyncio.to_thread(author.apply, resource)
    waiting = await says(namespace, "modelyard-approver is not installed", within=90)
    found = condition(waiting, "Approved")
    assert (found["status"], found["reason"]) == ("Unknown", "ApprovalUnverified")
    await asyncio.to_thread(alice.modelyard, "approve", "sentiment", "--yes", "--timeout", "1")
    namespace.kubectl("apply", "--server-side", "-f", ROOT / "k8s/base/admission.yaml")
    waiting = await says(namespace, f"of {alice.user} does not count: it was made before")

    forged, own = approval(waiting, bob.user), approval(waiting, other.user)
    await refused(namespace, alice, "create", forged, f"must be who makes it: write {alice.user}")
    await refused(namespace, other, "create", own, 'cannot create resource "modelapprovals"')
    await approves(namespace, author, "whoever changed the spec cannot approve it")
    await approves(namespace, alice, f"1 of 2 approved ({alice.user})")
    await asyncio.to_thread(alice.modelyard, "approve", "sentiment", "--yes", "--timeout", "1")
    await says(namespace, f"1 of 2 approved ({alice.user})")
    await asyncio.to_thread(bob.modelyard, "approve", "sentiment", "--yes", "--reason", "compared by hand")
    candidate: str = waiting["status"]["candidateRevision"]
    assert await promoted(namespace) == candidate
    why = [entry["why"] for entry in namespace.mdep()["status"]["rollout"]["history"]]
    assert any(f"was approved by {alice.user}, {bob.user}" in each for each in why), why
    return candidate


async def refused(namespace: Namespace, who: Person, verb: str, resource: Resource, words: str) -> None:
    """The API server says no: a policy counts a moment after it was stored."""
    server_side = ["--server-side", "--force-conflicts"] if verb == "apply" else []

    def said_no() -> bool:
        try:
            who.kubectl(verb, *server_side, "-n", namespace.name, "-f", "-", stdin=json.dumps(resource))
        except CommandError as error:
            return words in str(error)
        return False

    await namespace.until(f"{who.user} is refused: {words}", said_no, within=30)


async def approves(namespace: Namespace, who: Person, words: str) -> None:
    """Approve until what the operator says of it is there: a policy counts a moment after it was stored."""

    def answered() -> bool:
        who.modelyard("approve", "sentiment", "--yes", "--timeout", "2")
        return words in namespace.mdep()["status"]["rollout"]["message"]

    await namespace.until(f"{who.user} is told {words!r}", answered, within=60)


async def given_up(namespace: Namespace, resource: Resource, author: Person) -> str:
    """A candidate for which there is no node; its name."""
    resource["spec"]["server"]["nodeSelector"] = {"kubernetes.io/hostname": "nowhere"}
    await asyncio.to_thread(author.apply, resource)

    def candidate() -> str | None:
        found: str | None = namespace.mdep()["status"].get("candidateRevision")
        return found

    name: str = await namespace.until("a candidate is on its way", candidate)

    def rejected() -> list[Resource]:
        found = namespace.mdep()["status"]["rollout"]["rejected"]
        return [each for each in found if each["revision"] == name]

    (last,) = await namespace.until("the candidate is given up", rejected, within=90)
    assert last["reason"] == "Unschedulable"
    assert "the scheduler says: " in last["message"]
    assert NOWHERE in last["message"]
    return name


async def heard(namespace: Namespace, box: Mailbox, web: Web, revisions: set[str]) -> None:
    """Every step came by both ways, once, and signed."""
    expected = ["aborted", *["promoted"] * 3, *["rolloutStarted"] * 3, "waitingForApproval"]

    def all_there() -> bool:
        return len(web.heard) >= len(expected) <= len(box.mails)

    await namespace.until("every message", all_there, within=60)
    bodies = [json.loads(body) for _, body in web.heard]
    assert sorted(body["occasion"] for body in bodies) == expected
    assert {body["revision"] for body in bodies} == revisions
    for headers, body in web.heard:
        stamp = headers["X-Modelyard-Timestamp"]
        wanted = hmac.new(KEY.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        assert headers["X-Modelyard-Signature"] == f"sha256={wanted}"
    assert {headers["X-Modelyard-Id"] for headers, _ in web.heard} == {
        mail["Message-ID"].strip("<>").partition("@")[0] for mail in box.mails
    }
    assert len(box.mails) == len(expected)
    assert all(box.encrypted)
    assert set(box.logins) == {USER}
    aborted = next(mail for mail in box.mails if mail["Subject"].endswith("was aborted"))
    assert NOWHERE in " ".join(aborted.get_content().split())
    assert PASSWORD not in namespace.run("get", "mdep,events", "-o", "yaml")
