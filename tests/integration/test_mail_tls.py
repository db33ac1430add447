"""Mail over TLS to a real server with its own certificate: STARTTLS, and from the first byte."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from cases import mail
from cases.mail import MailFailed
from infra.local.certificate import make_certificate
from runtime.clock import ManualClock
from signaling.smtp import SmtpServer

FROM = "returns@shop.example"
ENVELOPE = mail.Envelope("<mai_1@shop.example>", "ana@example.com", "Hello", "Text\n", "<p>x")


class Inbox:
    """What arrived, and whether it came encrypted."""

    def __init__(self) -> None:
        self.arrived: list[bool] = []

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, session: Session, _envelope: Envelope
    ) -> str:
        """One mail has come."""
        self.arrived.append(session.ssl is not None or session.authenticated)
        return "250 OK"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """Of this machine; nobody vouches for it."""
    return make_certificate(tmp_path, names=["localhost"], addresses=["127.0.0.1"])


@pytest.fixture(params=["smtp", "smtps"])
async def server(
    request: pytest.FixtureRequest, certificate: tuple[Path, Path]
) -> AsyncIterator[tuple[Inbox, str]]:
    """A server that takes a password only over TLS, and its URL with one."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    inbox, implicit = Inbox(), request.param == "smtps"

    def check(*given: object) -> AuthResult:
        told = given[-1]
        good = isinstance(told, LoginPassword) and told.password == b"right"
        return AuthResult(success=good, handled=False)

    def protocol() -> SMTP:
        return SMTP(
            inbox,
            hostname="localhost",
            tls_context=None if implicit else context,
            require_starttls=not implicit,
            auth_required=True,
            auth_require_tls=not implicit,
            authenticator=check,
        )

    listening = await asyncio.get_running_loop().create_server(
        protocol, "127.0.0.1", 0, ssl=context if implicit else None
    )
    port = listening.sockets[0].getsockname()[1]
    yield inbox, f"{request.param}://user:right@127.0.0.1:{port}"
    listening.close()


async def test_a_trusted_certificate_takes_mail_and_password(
    server: tuple[Inbox, str],
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Trusted through ``SSL_CERT_FILE``, as an authority of one's own is."""
    inbox, url = server
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    await SmtpServer(url, FROM, ManualClock()).send(ENVELOPE)
    assert inbox.arrived == [True]
    with pytest.raises(MailFailed, match="password"):
        await SmtpServer(url.replace("right", "wrong"), FROM, ManualClock()).send(ENVELOPE)
    assert inbox.arrived == [True]


async def test_a_certificate_that_nobody_vouches_for_takes_nothing(
    server: tuple[Inbox, str],
) -> None:
    """The password never reaches whoever stands in between; the mail is kept."""
    inbox, url = server
    with pytest.raises(MailFailed):
        await SmtpServer(url, FROM, ManualClock()).send(ENVELOPE)
    assert inbox.arrived == []
