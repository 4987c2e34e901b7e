"""By mail, through a real mail server."""

from typing import Any

import pytest

from tests.certificates import Files, self_signed
from tests.operator.notify.cases import channel, made, sending
from tests.operator.notify.servers import PASSWORD, USER, Mailbox, mail_server


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def box() -> Mailbox:
    return Mailbox()


def smtp(port: int, **more: Any) -> dict[str, Any]:
    fields = {"host": "127.0.0.1", "port": port, "from": "modelyard@example.org", "to": ["ml@example.org"]}
    return {"smtp": {**fields, "secretRef": {"name": "mail"}, **more}}


def secret(own: Files, **more: str) -> dict[str, dict[str, str]]:
    return {"mail": {"username": USER, "password": PASSWORD, "ca.crt": own.authority.read_text(), **more}}


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # aiosmtpd takes TLS from the first byte for none
@pytest.mark.parametrize(("tls", "implicit"), [("starttls", False), ("tls", True)])
async def test_a_mail_is_encrypted_and_sent_with_a_login(
    box: Mailbox, own: Files, tls: str, implicit: bool
) -> None:
    with mail_server(box, own, implicit=implicit) as port:
        async with sending(secret(own)) as it:
            await it.send(channel(**smtp(port, tls=tls, to=["a@example.org", "b@example.org"])))
    assert it.failures == []
    assert box.logins == [USER]
    assert implicit or box.encrypted == [True]
    assert box.senders == [("modelyard@example.org", ["a@example.org", "b@example.org"])]
    [mail] = box.mails
    assert mail["Subject"] == "sentiment in team: waits for your approval"
    assert mail["Message-ID"] == f"<{made().id}@modelyard.dev>"
    assert mail["Auto-Submitted"] == "auto-generated"
    body = mail.get_content()
    for words in ("the evidence is frozen", "Candidate  rnew", "modelyard approve sentiment -n team"):
        assert words in body


async def test_a_relay_needs_neither(box: Mailbox) -> None:
    with mail_server(box, None) as port:
        async with sending() as it:
            await it.send(channel(**smtp(port, tls="none", secretRef=None)))
    assert (len(box.mails), box.encrypted, it.failures) == (1, [False], [])


async def test_a_server_that_asks_to_come_again_is_asked_again(box: Mailbox, own: Files) -> None:
    box.replies = ["451 busy", "451 busy"]
    with mail_server(box, own) as port:
        async with sending(secret(own)) as it:
            await it.send(channel(**smtp(port)))
    assert len(box.mails) == 1
    assert len(it.pauses) == 2
    assert 1.5 <= it.pauses[0] <= 2.5 < 3 <= it.pauses[1] <= 5


async def test_attempts_are_bounded_and_what_is_given_up_is_told(box: Mailbox, own: Files) -> None:
    box.replies = ["451 busy"] * 50
    with mail_server(box, own) as port:
        async with sending(secret(own)) as it:
            await it.send(channel(**smtp(port)))
    assert len(it.pauses) == 5
    assert it.failures == [
        f"waitingForApproval by smtp was not delivered in 6 attempts: 127.0.0.1:{port}: 451 busy"
    ]


@pytest.mark.parametrize(
    ("spec", "secrets", "says"),
    [
        ({}, {"password": "wrong"}, "the login was refused (535)"),
        (
            {},
            {"ca.crt": ""},
            "its certificate is not trusted: self-signed certificate; put the authority's into",
        ),
        ({}, {"ca.crt": "no certificate"}, "the key ca.crt of the Secret holds no PEM certificate"),
        ({"to": ["nobody@example.org"]}, {}, "nobody@example.org: 550 5.1.1 no such user"),
    ],
)
async def test_what_no_attempt_mends_is_given_up_at_once_and_tells_no_secret(
    box: Mailbox, own: Files, spec: dict[str, Any], secrets: dict[str, str], says: str
) -> None:
    box.refuses = {"nobody@example.org"}
    with mail_server(box, own) as port:
        async with sending(secret(own, **secrets)) as it:
            await it.send(channel(**smtp(port, **spec)))
    [told] = it.failures
    assert says in told
    assert it.pauses == []
    assert box.mails == []
    assert not any(value and value in told for value in (PASSWORD, "wrong"))


async def test_who_took_it_is_not_told_twice_because_another_did_not(box: Mailbox, own: Files) -> None:
    box.refuses = {"nobody@example.org"}
    with mail_server(box, own) as port:
        async with sending(secret(own)) as it:
            await it.send(channel(**smtp(port, to=["ml@example.org", "nobody@example.org"])))
    assert len(box.mails) == 1
    assert it.failures == [
        "waitingForApproval by smtp was not delivered in 1 attempts: "
        f"127.0.0.1:{port}: not taken for nobody@example.org"
    ]


async def test_a_server_without_starttls_gets_neither_mail_nor_password(box: Mailbox, own: Files) -> None:
    with mail_server(box, None) as port:
        async with sending(secret(own)) as it:
            await it.send(channel(**smtp(port)))
    assert (box.mails, box.logins) == ([], [])
    assert "STARTTLS extension not supported by server" in it.failures[0]


async def test_a_server_that_is_away_is_tried_for_a_while(own: Files) -> None:
    async with sending(secret(own)) as it:
        await it.send(channel(**smtp(1)))
    assert len(it.pauses) == 5
    assert "127.0.0.1:1" in it.failures[0]
    assert "refused" in it.failures[0]


async def test_a_message_writes_no_headers(box: Mailbox) -> None:
    with mail_server(box, None) as port:
        async with sending() as it:
            template = "about $message\nBcc: all@example.org\n\nbody"
            spec = channel(template=template, **smtp(port, tls="none", secretRef=None))
            await it.send(spec, made(message="x\r\nBcc: all@example.org"))
    [mail] = box.mails
    assert mail["Bcc"] is None
    assert mail["Subject"] == "about x"
