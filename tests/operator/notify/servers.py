"""A mail server and a web server that are real, on free ports of this machine."""

import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from typing import Any

from aiohttp import web
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.certificates import LOOPBACK, Files
from tests.ports import free_port

USER, PASSWORD = "operator", "correct horse"


@dataclass
class Mailbox:
    """What a mail server took, and how it answers."""

    mails: list[EmailMessage] = field(default_factory=list)
    senders: list[tuple[str, list[str]]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    """Answers to the next mails, in order, instead of taking them."""
    refuses: set[str] = field(default_factory=set)
    """Recipients that are unknown."""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.replies:
            return self.replies.pop(0)
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.senders.append((envelope.mail_from or "", list(envelope.rcpt_tos)))
        self.encrypted.append(session.ssl is not None)
        return "250 OK"

    def login(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login.decode())
        good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=good, handled=good)


@contextmanager
def mail_server(
    box: Mailbox, certificate: Files | None, *, implicit: bool = False, address: str = LOOPBACK
) -> Iterator[int]:
    """A mail server on a port; with a certificate it demands STARTTLS and a login.

    Args:
        box: takes the mails.
        certificate: what it shows; None: it speaks in the clear, and takes everything.
        implicit: TLS from the first byte instead of STARTTLS.
        address: of this machine, where it listens.
    """
    options: dict[str, Any] = {}
    if certificate is not None:
        options = {"authenticator": box.login, "auth_required": True}
        if implicit:
            options |= {"ssl_context": certificate.server, "auth_require_tls": False}
        else:
            options |= {"tls_context": certificate.server, "require_starttls": True}
    controller = Controller(box, hostname=address, port=free_port(), **options)
    if implicit:
        # aiosmtpd's own first connection speaks TLS with checks that a self-signed certificate fails.
        controller._trigger_server = partial(_touch, controller.port)  # type: ignore[method-assign]
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def _touch(port: int) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port)) as raw, context.wrap_socket(raw) as connection:
        connection.recv(100)


@dataclass
class Web:
    """What a web server heard, and how it answers."""

    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    """Of the next answers, in order; then 200."""
    url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.heard.append((dict(request.headers), await request.read()))
        status = self.statuses.pop(0) if self.statuses else 200
        headers = {"Location": self.url} if status == 302 else {}
        return web.Response(status=status, text="internal words", headers=headers)


@asynccontextmanager
async def web_server(address: str = LOOPBACK) -> AsyncIterator[Web]:
    server = Web()
    app = web.Application()
    app.router.add_post("/{path:.*}", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, address, 0).start()
    server.url = f"http://{address}:{runner.addresses[0][1]}/hook/T0/secret"
    try:
        yield server
    finally:
        await runner.cleanup()
