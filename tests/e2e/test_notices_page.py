"""The notices page in a browser: a channel set up and tried, a failed notice sent again."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.support.chromium import DESK, chromium
from tests.support.journeys import STEP_MS, by, sign_in
from tests.support.machine import Machine, running_machine
from tests.support.messenger_site import Messenger, messenger

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """A machine with every process, whose seller's own system is on loopback."""
    folder = tmp_path_factory.mktemp("machine") / "data"
    async with running_machine(folder, webhooks_to_private=True) as running:
        yield running


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
    assert await by(page, "channel-webhook-state").inner_text() == "Connected"
    assert secret not in await page.content()


async def try_it(page: Page, came: str) -> None:
    """Send a try, and read what came of it."""
    await by(page, "try-address-webhook").fill("desk-1")
    await by(page, "try-webhook").click()
    await page.locator(f'[data-test="tried-webhook"][data-came="{came}"]').wait_for(timeout=STEP_MS)


@pytest.mark.timeout(240)
async def test_a_failed_notice_is_seen_sent_again_and_arrives(machine: Machine) -> None:
    """Set up, tried, refused with the reason, the buyer among the unreached; then all is well."""
    buyer = {"name": "Ben Ode", "locale": "en"}
    async with messenger() as other, chromium(viewport=DESK) as desk:
        other.answers = [(400, {"message": "unknown person"}, {})]
        page = await desk.open(f"{machine.url}/console/notices")
        await sign_in(page, machine.people["seller"])
        await connect(page, other)
        await try_it(page, "never")
        assert "unknown person" in await by(page, "tried-webhook").inner_text()
        await try_it(page, "sent")

        opened = await machine.open_case(0, buyer=buyer)
        case_id = opened["case"]["id"]
        await page.goto(f"{machine.url}/console?case={case_id}")
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
    machine: Machine,
) -> None:
    """Unknown names are refused while one types; the example shows what the buyer reads."""
    async with chromium(viewport=DESK) as desk:
        page = await desk.open(f"{machine.url}/console/notices")
        await sign_in(page, machine.people["seller"])
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
