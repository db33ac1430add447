"""The notices page in a browser, over the real routes and what jobs do, with a real messenger.

The machine's other processes have no part in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from cases.states import Role
from cases.tables import Staff
from tests.support.chromium import DESK, TABLET, chromium
from tests.support.journeys import STEP_MS, by, sign_in
from tests.support.messenger_site import Messenger, messenger
from tests.support.notice_world import NoticeWorld, notice_world
from tests.support.seller import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("chromium_binary")]

_LOOK_S = 0.2
LABEL = "https://labels.example/7.pdf"


@dataclass(frozen=True, slots=True)
class Desk:
    """A seller's site whose notices are worked off all the time, and its admin."""

    world: NoticeWorld
    url: str
    admin: dict[str, str]


async def keep_working(world: NoticeWorld) -> None:
    """What jobs do; never ends."""
    while True:
        await world.work()
        await asyncio.sleep(_LOOK_S)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """The site."""
    async with notice_world(tmp_path) as world, asyncio.TaskGroup() as tasks:
        seller = world.site.seller
        admin = await seller.staff(Role.ADMIN, Role.AGENT, tenant=seller.lamp)
        async with seller.database.read() as tx:
            email = (await tx.get_one(Staff, admin.staff_id)).email
        working = tasks.create_task(keep_working(world))
        url = str(world.site.client.make_url("")).rstrip("/")
        yield Desk(world, url, {"email": email, "password": PASSWORD})
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working


async def connect(page: Page, other: Messenger) -> None:
    """Set the seller's own system up, with a secret that is made here."""
    await by(page, "edit-webhook").click(timeout=STEP_MS)
    await by(page, "save-webhook").click()
    await by(page, "channel-refused").wait_for(timeout=STEP_MS)
    await by(page, "webhook-base_url").fill(f"{other.url}/own")
    await by(page, "make-secret").click()
    secret = await by(page, "webhook-secret").input_value()
    assert secret.startswith("whsec_")
    await by(page, "save-webhook").click()
    await by(page, "form-webhook").wait_for(state="detached", timeout=STEP_MS)
    await expect(by(page, "channel-webhook-state")).to_have_text("Connected", timeout=STEP_MS)
    assert secret not in await page.content()


async def try_it(page: Page, came: str) -> None:
    """Send a try, and read what came of it."""
    await by(page, "try-address-webhook").fill("desk-1")
    await by(page, "try-webhook").click()
    await page.locator(f'[data-test="tried-webhook"][data-came="{came}"]').wait_for(timeout=STEP_MS)


async def test_a_failed_notice_is_seen_sent_again_and_arrives(desk: Desk) -> None:
    """Set up, tried, refused with the reason, the buyer among the unreached; then all is well."""
    buyer = {"name": "Ben Ode", "locale": "en"}
    async with messenger() as other, chromium(viewport=DESK) as browser:
        other.answers = [(400, {"message": "unknown person"}, {})]
        page = await browser.open(f"{desk.url}/console/notices")
        await sign_in(page, desk.admin)
        await connect(page, other)
        await try_it(page, "never")
        assert "unknown person" in await by(page, "tried-webhook").inner_text()
        await try_it(page, "sent")

        case_id = await desk.world.open_case(buyer=buyer)
        await page.goto(f"{desk.url}/console?case={case_id}")
        card = by(page, "told-card")
        await by(card, "no-way").wait_for(timeout=STEP_MS)
        await expect(by(card, "notice-row")).to_have_attribute(
            "data-state", "suppressed", timeout=STEP_MS
        )
        await by(card, "planned-notice").wait_for(timeout=STEP_MS)
        await by(card, "add-contact").click()
        await by(page, "contact-kind").select_option("webhook")
        await by(page, "contact-address").fill("ben-7")
        await by(page, "save-contact").click()
        await by(card, "contact-webhook").wait_for(timeout=STEP_MS)

        other.answers = [(400, {"message": "this person has moved"}, {})]
        await by(card, "send-again").click()
        await expect(by(card, "notice-row")).to_have_attribute(
            "data-state", "failed", timeout=STEP_MS
        )

        await by(page, "to-notices").click()
        missed = by(page, "unreached-row")
        await missed.wait_for(timeout=STEP_MS)
        assert "Ben Ode" in await missed.inner_text()
        row = page.locator('[data-test="notice-row"][data-state="failed"]')
        await row.wait_for(timeout=STEP_MS)
        assert "this person has moved" in await by(row, "notice-said").inner_text()
        await by(row, "send-again").click()
        sent = page.locator('[data-test="notice-row"][data-state="sent"]')
        await sent.wait_for(timeout=STEP_MS)
        await missed.wait_for(state="detached", timeout=STEP_MS)
        told = other.asked[-1][2]["data"]
        assert (told["kind"], told["to"], told["case_id"]) == ("filed", "ben-7", case_id)


async def test_a_notice_has_the_sellers_own_words_until_they_are_taken_back(
    desk: Desk,
) -> None:
    """Unknown names are refused while one types; the example shows what the buyer reads."""
    async with chromium(viewport=DESK) as browser:
        page = await browser.open(f"{desk.url}/console/notices")
        await sign_in(page, desk.admin)
        await by(page, "words-received").click(timeout=STEP_MS)
        await by(page, "words-language").select_option("es")
        await by(page, "words-whose").wait_for(timeout=STEP_MS)
        await by(page, "words-subject").fill("{total}")
        await by(page, "words-strangers").wait_for(timeout=STEP_MS)
        assert await by(page, "words-save").is_disabled()
        await by(page, "words-subject").fill("Ha llegado {order_number}")
        await by(page, "words-show").click()
        await by(page, "words-preview").wait_for(timeout=STEP_MS)
        assert "Ha llegado LL-20871" in await by(page, "words-preview").inner_text()
        await by(page, "words-save").click()
        await expect(by(page, "words-whose")).to_have_text("Your words", timeout=STEP_MS)
        await by(page, "words-drop").click()
        await expect(by(page, "words-whose")).to_have_text("Our words", timeout=STEP_MS)
        await page.keyboard.press("Escape")
        switch = by(page, "send-shipped")
        await switch.click()
        await expect(switch).to_have_attribute("aria-checked", "false", timeout=STEP_MS)
        await page.reload()
        await expect(by(page, "send-shipped")).to_have_attribute(
            "aria-checked", "false", timeout=STEP_MS
        )


async def test_a_planned_reminder_is_held_back_and_sent_after_all(desk: Desk) -> None:
    """The agent reads what goes when, stops it before its time, and changes their mind."""
    async with chromium(viewport=DESK) as browser:
        case_id = await desk.world.open_case()
        page = await browser.open(f"{desk.url}/console?case={case_id}")
        await sign_in(page, desk.admin)
        planned = by(by(page, "told-card"), "planned-notice")
        await planned.wait_for(timeout=STEP_MS)
        assert await planned.get_attribute("data-kind") == "reminder"
        await by(planned, "stop-notice").click()
        await planned.wait_for(state="detached", timeout=STEP_MS)
        held = page.locator('[data-test="notice-row"][data-kind="reminder"]')
        await expect(held).to_have_attribute("data-state", "suppressed", timeout=STEP_MS)
        await by(held, "send-again").click()
        await expect(held).to_have_attribute("data-state", "sent", timeout=STEP_MS)


async def test_a_planned_reminder_is_sent_now(desk: Desk) -> None:
    """It leaves the plan and stands among what was told."""
    async with chromium(viewport=TABLET) as browser:
        case_id = await desk.world.open_case()
        page = await browser.open(f"{desk.url}/console?case={case_id}")
        await sign_in(page, desk.admin)
        planned = by(by(page, "told-card"), "planned-notice")
        await by(planned, "send-now").click(timeout=STEP_MS)
        await planned.wait_for(state="detached", timeout=STEP_MS)
        sent = page.locator('[data-test="notice-row"][data-kind="reminder"]')
        await expect(sent).to_have_attribute("data-state", "sent", timeout=STEP_MS)


async def test_a_parcel_stands_on_one_card_with_all_that_is_known(desk: Desk) -> None:
    """Where to, by whom, its label, when it went and how far it is: once on the page."""
    world = desk.world
    case_id = await world.open_case()
    path = f"/api/v1/cases/{case_id}"
    version = (await world.ask("GET", path, 200))["version"]
    tag = {"If-Match": f'"{version}"'}
    client, headers = world.site.client, {**world.headers, **tag}
    decided = await client.post(f"{path}/verdict", json={"outcome": "refund"}, headers=headers)
    assert decided.status == 200
    label = {"move": "give_label", "address": "Hall 3\nHamburg", "label_url": LABEL}
    headers = {**world.headers, "If-Match": "*"}
    for move in (label, {"move": "ship", "carrier": "DHL", "tracking_number": "JJD0001"}):
        moved = await client.post(f"{path}/moves", json=move, headers=headers)
        assert moved.status == 200, await moved.text()
    async with chromium(viewport=DESK) as browser:
        page = await browser.open(f"{desk.url}/console?case={case_id}")
        await sign_in(page, desk.admin)
        parcel = by(page, "tracked-parcel")
        await parcel.wait_for(timeout=STEP_MS)
        assert await page.get_by_text("JJD0001").count() == 1
        text = await parcel.inner_text()
        for known in ("DHL", "JJD0001", "Hall 3", "Sent"):
            assert known in text
        assert await parcel.get_by_role("link").first.get_attribute("href") == LABEL
