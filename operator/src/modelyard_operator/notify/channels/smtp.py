"""By mail: SMTP with STARTTLS or TLS and a login.

https://www.rfc-editor.org/rfc/rfc5321 and https://www.rfc-editor.org/rfc/rfc3207
"""

import asyncio
import smtplib
import socket
import ssl
from email.message import EmailMessage
from email.utils import format_datetime

from modelyard_operator.api.notifications import SmtpChannel, Tls
from modelyard_operator.notify.channels.base import DeliveryError, Message

SECONDS = 20.0
"""For each exchange with the server."""
_PERMANENT = 500
"""Replies from here on are final; those below ask to come again."""


class Smtp:
    """A mail server."""

    name = "smtp"

    def __init__(self, spec: SmtpChannel) -> None:
        """As the user described it."""
        self._spec = spec

    async def deliver(self, message: Message) -> None:
        """Send one mail to all recipients; smtplib waits, so it does so in a thread."""
        try:
            await asyncio.to_thread(self._send, message)
        except smtplib.SMTPRecipientsRefused as error:
            replies = "; ".join(
                f"{to}: {code} {_words(said)}" for to, (code, said) in error.recipients.items()
            )
            final = all(code >= _PERMANENT for code, _ in error.recipients.values())
            raise DeliveryError(f"{self._where}: {replies}", again=not final) from None
        except smtplib.SMTPAuthenticationError as error:
            # The reply may repeat what was sent.
            raise DeliveryError(
                f"{self._where}: the login was refused ({error.smtp_code})", again=False
            ) from None
        except smtplib.SMTPResponseException as error:
            words = f"{self._where}: {error.smtp_code} {_words(error.smtp_error)}"
            raise DeliveryError(words, again=error.smtp_code < _PERMANENT) from None
        except smtplib.SMTPNotSupportedError as error:
            raise DeliveryError(f"{self._where}: {error}", again=False) from None
        except ssl.SSLCertVerificationError as error:
            words = (
                f"{self._where}: its certificate is not trusted: {error.verify_message}; put the authority's "
            )
            raise DeliveryError(f"{words}into the key ca.crt of the Secret", again=False) from None
        except (smtplib.SMTPException, ssl.SSLError, socket.gaierror, OSError) as error:
            raise DeliveryError(f"{self._where}: {error}") from None

    @property
    def _where(self) -> str:
        return f"{self._spec.host}:{self._spec.port}"

    def _send(self, message: Message) -> None:
        spec, context = self._spec, self._context(message)
        if spec.tls is Tls.TLS:
            server: smtplib.SMTP = smtplib.SMTP_SSL(spec.host, spec.port, timeout=SECONDS, context=context)
        else:
            server = smtplib.SMTP(spec.host, spec.port, timeout=SECONDS)
        with server:
            if spec.tls is Tls.STARTTLS:
                server.starttls(context=context)
            if spec.secret_ref is not None:
                server.login(message.value("username"), message.value("password"))
            refused = server.send_message(self._mail(message))
        if refused:
            # Some took it: another attempt would tell them twice.
            raise DeliveryError(f"{self._where}: not taken for {', '.join(refused)}", again=False)

    def _context(self, message: Message) -> ssl.SSLContext:
        authority = message.secret.get("ca.crt")
        try:
            return ssl.create_default_context(cadata=authority or None)
        except ssl.SSLError:
            raise DeliveryError(
                "the key ca.crt of the Secret holds no PEM certificate", again=False
            ) from None

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"] = self._spec.from_, ", ".join(self._spec.to)
        # A line break here would let a message write headers.
        mail["Subject"] = " ".join(message.subject.split())
        mail["Date"] = format_datetime(message.notice.at)
        mail["Message-ID"] = f"<{message.notice.id}@modelyard.dev>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        return mail


def _words(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said
