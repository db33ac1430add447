"""The mail server over SMTP: one connection per mail, TLS always verified."""

from __future__ import annotations

import asyncio
import io
import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit

import segno

from cases.mail import Attachment, Envelope, MailFailed, MailRefused
from runtime.clock import Clock
from runtime.settings import Settings

_TIMEOUT_S: Final = 20.0
_PORTS: Final = {"smtp": 587, "smtps": 465}


class SmtpServer:
    """Hands mail to one SMTP server; see ``cases.mail.MailServer``.

    ``smtp://`` must offer STARTTLS, except on this machine without a password.
    """

    def __init__(self, url: str, sender: str, clock: Clock) -> None:
        parts = urlsplit(url)
        self._implicit_tls = parts.scheme == "smtps"
        self._host = parts.hostname or ""
        self._port = parts.port or _PORTS[parts.scheme]
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._sender = sender
        self._clock = clock

    async def send(self, envelope: Envelope) -> None:
        # Drawing a code takes a good part of a second.
        message = await asyncio.to_thread(build_message, envelope, self._sender)
        message["Date"] = format_datetime(self._clock.now())
        await asyncio.to_thread(self._send, message, envelope.to)

    def _send(self, message: EmailMessage, to: str) -> None:
        try:
            with self._connected() as server:
                if self._user:
                    server.login(self._user, self._password)
                server.send_message(message, parseaddr(self._sender)[1], [to])
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            raise _told(code, said) from error
        except smtplib.SMTPAuthenticationError as error:
            # A password can be mended, so the mail is kept.
            raise MailFailed("The mail server does not take our password.") from error
        except smtplib.SMTPResponseException as error:
            raise _told(error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            raise MailFailed(f"The mail server cannot be used: {type(error).__name__}.") from error

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._implicit_tls:
            return smtplib.SMTP_SSL(self._host, self._port, timeout=_TIMEOUT_S, context=context)
        server = smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT_S)
        try:
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo()
            elif self._user or not _is_this_machine(self._host):
                raise MailFailed("The mail server offers no encryption (STARTTLS).")
        except BaseException:
            server.close()
            raise
        return server


def smtp_server(settings: Settings, clock: Clock) -> SmtpServer | None:
    """The mail server of the settings, if one is set."""
    if settings.smtp_url is None or settings.mail_from is None:
        return None
    return SmtpServer(settings.smtp_url.get_secret_value(), settings.mail_from, clock)


def build_message(envelope: Envelope, sender: str) -> EmailMessage:
    """The message with its headers.

    Raises:
        MailRefused: a header's value would have broken out of its line, or is no address.
    """
    message = EmailMessage(policy=SMTP)
    try:
        message["Message-ID"] = envelope.message_id
        message["From"] = _address(sender)
        message["To"] = _address(envelope.to)
        message["Subject"] = envelope.subject
        if envelope.reply_to:
            message["Reply-To"] = _address(envelope.reply_to)
        if envelope.unsubscribe_url:
            message["List-Unsubscribe"] = f"<{envelope.unsubscribe_url}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    except (ValueError, IndexError) as error:
        raise MailRefused("An address or the subject does not fit into a mail.") from error
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(envelope.text, cte="quoted-printable")
    message.add_alternative(envelope.html, subtype="html", cte="quoted-printable")
    if envelope.attached is not None:
        _attach(message, envelope.attached)
    return message


def _attach(message: EmailMessage, attached: Attachment) -> None:
    """The line byte for byte, and its code."""
    picture = io.BytesIO()
    segno.make_qr(attached.line, error="m").save(picture, kind="png", scale=5, border=4)
    line = f"{attached.line}\n".encode()
    message.add_attachment(line, "text", "plain", filename=attached.file_name)
    message.add_attachment(picture.getvalue(), "image", "png", filename=f"{attached.name}.png")


def _address(text: str) -> Address:
    """One address, never two.

    Raises:
        ValueError: it is none, or more.
    """
    if any(character in "\r\n\0" for character in text):
        raise ValueError("a line break in an address")
    name, spec = parseaddr(text)
    address = Address(name, addr_spec=spec)
    if not address.domain or (not name and spec != text.strip()):
        raise ValueError("no single address")
    return address


def _told(code: int, said: bytes | str) -> MailFailed | MailRefused:
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    kind = MailRefused if 500 <= code < 600 else MailFailed
    return kind(f"The mail server said {code}: {' '.join(words.split())[:200]}")


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
