"""A way in, by a real browser and a real mail server: invited, two steps, reset, closed."""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from playwright.async_api import Page

from cases.totp import code_at
from tests.support.chromium import DESK, PHONE, TABLET, another_person, chromium, screenshot
from tests.support.journeys import STEP_MS, by, sign_in
from tests.support.machine import running_machine

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("chromium_binary")]

ADDRESS = "nora@nordhaus.example"
SOMETHING = re.compile(r".{10}")
FIRST, SECOND = "seven quiet brass lamps", "nine loud paper boats"


class Inbox:
    """Keeps what arrives."""

    def __init__(self) -> None:
        self.arrived: asyncio.Queue[EmailMessage] = asyncio.Queue()

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """One mail has come."""
        assert isinstance(envelope.content, bytes)
        parsed = message_from_bytes(envelope.content, EmailMessage, policy=policy.SMTP)
        self.arrived.put_nowait(parsed)
        return "250 OK"

    async def link(self, path: str) -> str:
        """The link in the next mail that has one like it."""
        async with asyncio.timeout(30):
            while True:
                body = (await self.arrived.get()).get_body(("plain",))
                found = re.search(rf"http\S+/{path}#\S+", body.get_content() if body else "")
                if found:
                    return found[0]


@pytest.fixture
async def inbox() -> AsyncIterator[tuple[Inbox, str]]:
    """A real SMTP server on this machine, and its URL."""
    kept = Inbox()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(kept, hostname="mail.example"), "127.0.0.1", 0
    )
    yield kept, f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def look(page: Page, folder: Path, name: str) -> None:
    """Keep the page as it is on each device, and check that nothing is wider than the screen."""
    for viewport in (DESK, TABLET, PHONE):
        await page.set_viewport_size({"width": viewport.width, "height": viewport.height})
        await screenshot(page, folder, f"{name}-{viewport.width}")
        wide = await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0, (name, viewport)
    await page.set_viewport_size({"width": DESK.width, "height": DESK.height})


@pytest.mark.timeout(180)
async def test_invited_signed_in_with_two_steps_reset_and_the_old_login_gone(
    tmp_path: Path, inbox: tuple[Inbox, str]
) -> None:
    """Every link comes by mail; after the reset neither password nor cookie opens anything."""
    kept, smtp_url = inbox
    shots = tmp_path / "shots"
    async with (
        running_machine(
            tmp_path / "data", smtp_url=smtp_url, mail_from="desk@nordhaus.example"
        ) as machine,
        chromium() as admin,
        another_person(admin) as nora,
        another_person(admin) as elsewhere,
    ):
        page = await admin.open(f"{machine.url}/console/people")
        await sign_in(page, machine.people["seller"])
        await by(page, "invite-person").click(timeout=STEP_MS)
        await by(page, "invite-email").fill(ADDRESS)
        await look(page, shots, "people-inviting")
        await by(page, "send-invitation").click()
        await by(page, "told-link").wait_for(timeout=STEP_MS)
        await look(page, shots, "people-invited")

        mine = await nora.open(await kept.link("accept"))
        await by(mine, "name").fill("Nora Berg", timeout=STEP_MS)
        await by(mine, "password").fill("aaaaaaaaaaaa")
        await by(mine, "accept").click()
        await by(mine, "door-error").filter(has_text=SOMETHING).wait_for(timeout=STEP_MS)
        await look(mine, shots, "accept")
        await by(mine, "password").fill(FIRST)
        await by(mine, "accept").click()
        await by(mine, "to-sign-in").click(timeout=STEP_MS)
        await sign_in(mine, {"email": ADDRESS, "password": FIRST})
        await by(mine, "to-account").click(timeout=STEP_MS)
        await by(mine, "factor-begin").click(timeout=STEP_MS)
        shown = await by(mine, "factor-secret").inner_text(timeout=STEP_MS)
        text = shown.replace(" ", "")
        secret = base64.b32decode(text + "=" * (-len(text) % 8))
        await look(mine, shots, "account-setting-up")
        enrolled_at = int(time.time()) // 30
        await by(mine, "factor-code").fill(code_at(secret, enrolled_at))
        await by(mine, "factor-on").click()
        codes = (await by(mine, "recovery-codes").inner_text(timeout=STEP_MS)).split()
        assert len(codes) == 10
        await look(mine, shots, "account-codes")
        await by(mine, "codes-kept").click()
        await look(mine, shots, "account")

        other = await elsewhere.open(f"{machine.url}/console")
        await sign_in(other, {"email": ADDRESS, "password": FIRST})
        await by(other, "code").wait_for(timeout=STEP_MS)
        await look(other, shots, "sign-in-code")
        await by(other, "code").fill(codes[0])
        await other.keyboard.press("Enter")
        await by(other, "to-account").wait_for(timeout=STEP_MS)

        forgot = await elsewhere.open(f"{machine.url}/reset")
        await by(forgot, "email").fill(ADDRESS, timeout=STEP_MS)
        await by(forgot, "send-link").click()
        await by(forgot, "door-sent").wait_for(timeout=STEP_MS)
        await look(forgot, shots, "reset-sent")
        reset = await elsewhere.open(await kept.link("reset"))
        await by(reset, "password").fill(SECOND, timeout=STEP_MS)
        await by(reset, "save-password").click()
        await by(reset, "door-done").wait_for(timeout=STEP_MS)
        for gone in (mine, other):
            await gone.goto(f"{machine.url}/console")
            await by(gone, "sign-in-page").wait_for(timeout=STEP_MS)
        await sign_in(other, {"email": ADDRESS, "password": FIRST})
        await by(other, "sign-in-error").filter(has_text=SOMETHING).wait_for(timeout=STEP_MS)
        await sign_in(other, {"email": ADDRESS, "password": SECOND})
        await by(other, "code").fill(codes[1], timeout=STEP_MS)
        await other.keyboard.press("Enter")
        await by(other, "to-account").wait_for(timeout=STEP_MS)

        await page.goto(f"{machine.url}/console/people")
        await by(page, f"change-{ADDRESS}").click(timeout=STEP_MS)
        await look(page, shots, "people")
        await by(page, "close-account").click()
        await by(page, "close-yes").click(timeout=STEP_MS)
        await page.get_by_text("Account closed").wait_for(timeout=STEP_MS)
        await other.goto(f"{machine.url}/console")
        await by(other, "sign-in-page").wait_for(timeout=STEP_MS)
        await page.goto(f"{machine.url}/console/access")
        await by(page, "access-1").wait_for(timeout=STEP_MS)
        await look(page, shots, "access")
