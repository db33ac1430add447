"""Mail through a real SMTP server: what arrives, what is refused, and what a kill leaves."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import zxingcpp
from aiosmtpd.smtp import SMTP, Envelope, Session

from cases import mail
from cases.database import Database
from cases.mail import MailFailed, MailRefused, MailState
from cases.mail_texts import staff_letter
from cases.unit import Unit
from infra.local.postgres import Postgres
from proofcall.jobs import DbosOutbox, JobRunner, prepare_jobs
from runtime.clock import ManualClock
from runtime.settings import Settings
from signaling.mail_work import send_mail
from signaling.smtp import SmtpServer, build_message
from tests.support.seller import Seller, make_seller

WITHIN_S = 20.0
FROM = "Lumen & Lark <returns@shop.example>"
ENVELOPE = mail.Envelope("<mai_1@shop.example>", "ana@example.com", "Héllo 你好", "Text\n", "<p>x")


class Inbox:
    """A mail server's inside: keeps what arrives, and answers as it is told to."""

    def __init__(self) -> None:
        self.arrived: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.answers: list[str] = []
        self.came = asyncio.Event()
        self.held: asyncio.Event | None = None

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """One mail has come."""
        answer = self.answers.pop(0) if self.answers else "250 OK"
        assert isinstance(envelope.content, bytes)
        self.arrived.append(message_from_bytes(envelope.content, EmailMessage, policy=policy.SMTP))
        self.recipients.append(list(envelope.rcpt_tos))
        self.came.set()
        if self.held is not None:
            await self.held.wait()
        return answer


@asynccontextmanager
async def smtp_inbox() -> AsyncIterator[tuple[Inbox, str]]:
    """A real SMTP server on this machine, and its URL."""
    kept = Inbox()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(kept, hostname="mail.example"), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    yield kept, f"smtp://127.0.0.1:{port}"
    if kept.held is not None:
        kept.held.set()
    server.close()


@pytest.fixture
async def inbox() -> AsyncIterator[tuple[Inbox, str]]:
    """The same for one test."""
    async with smtp_inbox() as running:
        yield running


async def test_a_mail_arrives_as_text_and_html(inbox: tuple[Inbox, str]) -> None:
    """With its own Message-ID, and a way out by one click (RFC 8058)."""
    kept, url = inbox
    envelope = replace(ENVELOPE, unsubscribe_url="https://shop.example/out/1")
    await SmtpServer(url, FROM, ManualClock()).send(envelope)
    (message,) = kept.arrived
    assert message["Message-ID"] == "<mai_1@shop.example>"
    assert message["Subject"] == "Héllo 你好"
    assert str(message["From"]) in (FROM, '"Lumen & Lark" <returns@shop.example>')
    assert message["List-Unsubscribe"] == "<https://shop.example/out/1>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [part.get_content_type() for part in message.iter_parts()] == [
        "text/plain",
        "text/html",
    ]


async def test_a_line_to_keep_arrives_as_a_file_and_as_a_code(inbox: tuple[Inbox, str]) -> None:
    """Byte for byte, beside the words; what a scanner reads is the same line."""
    kept, url = inbox
    line = f"{'e' * 300}.{'A' * 250}.{'b' * 86}"
    envelope = replace(ENVELOPE, attached=mail.Attachment("receipt-1", line))
    await SmtpServer(url, FROM, ManualClock()).send(envelope)
    (message,) = kept.arrived
    words = message.get_body(("plain",))
    assert words is not None
    assert words.get_content().strip() == "Text"
    file, picture = message.iter_attachments()
    assert (file.get_filename(), picture.get_filename()) == ("receipt-1.txt", "receipt-1.png")
    assert file.get_payload(decode=True) == f"{line}\n".encode()
    assert picture.get_content_type() == "image/png"
    pixels = np.frombuffer(picture.get_content(), np.uint8)
    (code,) = zxingcpp.read_barcodes(cv2.imdecode(pixels, cv2.IMREAD_GRAYSCALE))
    assert code.text == line


@pytest.mark.parametrize(
    "changed",
    [
        {"to": "ana@example.com\r\nBcc: all@example.com"},
        {"to": "ana@example.com, ben@example.com"},
        {"to": "ana@example.com\nSubject: x"},
        {"to": "no address"},
        {"to": ""},
        {"subject": "Hello\r\nBcc: all@example.com"},
        {"subject": "Hello\n\nBody"},
        {"reply_to": "a@b.example\r\nBcc: all@example.com"},
        {"unsubscribe_url": "https://x\r\nBcc: all@example.com"},
    ],
)
def test_no_value_becomes_a_header(changed: dict[str, str]) -> None:
    """Such a mail is refused whole, and no try would change that."""
    with pytest.raises(MailRefused):
        build_message(replace(ENVELOPE, **changed), FROM)


async def test_a_password_is_never_sent_in_the_clear(inbox: tuple[Inbox, str]) -> None:
    """A server that offers no STARTTLS gets none."""
    kept, url = inbox
    server = SmtpServer(url.replace("//", "//user:secret@"), FROM, ManualClock())
    with pytest.raises(MailFailed, match="STARTTLS"):
        await server.send(ENVELOPE)
    assert kept.arrived == []


async def test_busy_is_tried_again_and_refused_is_not(inbox: tuple[Inbox, str]) -> None:
    """By the server's own answer."""
    kept, url = inbox
    kept.answers = ["451 Busy", "550 No such user"]
    server = SmtpServer(url, FROM, ManualClock())
    with pytest.raises(MailFailed, match="451"):
        await server.send(ENVELOPE)
    with pytest.raises(MailRefused, match="550"):
        await server.send(ENVELOPE)
    with pytest.raises(MailFailed):
        await SmtpServer("smtp://127.0.0.1:1", FROM, ManualClock()).send(ENVELOPE)


# Durable


@pytest.fixture(params=["sqlite", "postgresql"])
async def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings with an empty database of each kind."""
    url = None
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database()
    return Settings(data=tmp_path, database_url=url)


@pytest.fixture
async def seller(settings: Settings) -> AsyncIterator[Seller]:
    """A world in it, prepared for durable work."""
    database = Database(settings.database)
    yield await make_seller(database)
    await database.close()


class Worker:
    """What ``send_mail`` needs of the services."""

    def __init__(self, seller: Seller, settings: Settings) -> None:
        self.database, self.keys, self.clock = seller.database, seller.keys, seller.clock
        self.settings = settings


async def ordered(seller: Seller, settings: Settings) -> str:
    """A mail, ordered with a commit."""
    await asyncio.to_thread(prepare_jobs, settings)
    outbox = DbosOutbox(settings)
    values = {"by": "Ana", "organisation": "Lumen", "url": "https://x.example/a#secret-token"}
    async with seller.database.begin() as tx:
        mail_id = await mail.post(
            Unit(tx, seller.keys, outbox, seller.now),
            organisation_id=seller.lamp,
            kind="staff_invited",
            to="ben@example.com",
            letter=staff_letter("staff_invited", "de", {**values, "until": "tomorrow"}),
        )
    outbox.close()
    return mail_id


async def state_of(seller: Seller) -> mail.MailView:
    """The only mail."""
    async with seller.database.read() as tx:
        page = await mail.list_mails(tx, seller.keys, seller.lamp, before=None, limit=10)
    return page.items[0]


async def until_state(seller: Seller, state: MailState) -> mail.MailView:
    """Wait for it."""
    async with asyncio.timeout(WITHIN_S):
        while (view := await state_of(seller)).state is not state:
            await asyncio.sleep(0.05)
    return view


async def test_a_mail_goes_out_once_although_the_server_was_busy(
    settings: Settings, seller: Seller, inbox: tuple[Inbox, str]
) -> None:
    """Every try is written down under one Message-ID; then its links are forgotten."""
    kept, url = inbox
    kept.answers = ["451 Busy"]
    mail_id = await ordered(seller, settings)
    services: Any = Worker(seller, settings)
    work = partial(send_mail, services, SmtpServer(url, FROM, seller.clock))
    runner = JobRunner(settings, {mail.SEND_MAIL: work}, "jobs")
    await runner.start()
    try:
        view = await until_state(seller, MailState.SENT)
    finally:
        await runner.close()
    assert view.tries == 2
    assert [one["Message-ID"] for one in kept.arrived] == [f"<{mail_id}@127.0.0.1>"] * 2
    async with seller.database.read() as tx:
        row = await tx.get_one(mail.Mail, mail_id)
        assert b"secret-token" not in seller.keys.unseal(f"mail:{mail_id}", row.sealed)


async def test_without_a_server_it_is_kept_and_says_so(settings: Settings, seller: Seller) -> None:
    """So that what it says can be passed on by hand, or sent once there is one."""
    mail_id = await ordered(seller, settings)
    services: Any = Worker(seller, settings)
    await send_mail(services, None, mail_id)
    assert (await state_of(seller)).state is MailState.NO_SERVER


_KILLED = """
import asyncio, sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from cases.database import Database
from cases.erasure_keys import ErasureKeys
from cases.keys import KeyRing
from proofcall.jobs import JobRunner
from runtime.clock import ManualClock
from runtime.settings import Settings
from signaling.mail_work import send_mail
from signaling.smtp import SmtpServer

async def main():
    settings = Settings(data=Path(sys.argv[1]), database_url=sys.argv[2] or None)
    services = SimpleNamespace(
        settings=settings, database=Database(settings.database),
        keys=KeyRing(b"k" * 32, ErasureKeys(settings.erasure_keys_dir)), clock=ManualClock(),
    )
    server = SmtpServer(sys.argv[3], "returns@shop.example", ManualClock())
    await JobRunner(settings, {"send_mail": partial(send_mail, services, server)}, "jobs").start()
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_mail_survives_kill_9_in_the_middle(
    settings: Settings, seller: Seller, inbox: tuple[Inbox, str]
) -> None:
    """The next process sends it, under the Message-ID that a receiver may know already."""
    kept, url = inbox
    kept.held = asyncio.Event()
    mail_id = await ordered(seller, settings)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        textwrap.dedent(_KILLED),
        str(settings.data),
        settings.database_url or "",
        url,
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            await kept.came.wait()
    finally:
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    assert (await state_of(seller)).state is MailState.QUEUED
    kept.held.set()
    kept.held = None
    services: Any = Worker(seller, settings)
    work = partial(send_mail, services, SmtpServer(url, FROM, seller.clock))
    runner = JobRunner(settings, {mail.SEND_MAIL: work}, "jobs")
    await runner.start()
    try:
        await until_state(seller, MailState.SENT)
    finally:
        await runner.close()
    assert {one["Message-ID"] for one in kept.arrived} == {f"<{mail_id}@127.0.0.1>"}
    assert len(kept.arrived) == 2
