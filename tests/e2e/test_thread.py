"""The thread in real browsers: the seller in the console, the buyer on their link."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page

from tests.support.chromium import DESK, PHONE, TABLET, chromium
from tests.support.journeys import STEP_MS, by, call, sign_in
from tests.support.machine import Machine, running_machine

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """A machine with every process."""
    async with running_machine(tmp_path_factory.mktemp("machine") / "data") as running:
        yield running


async def says(page: Page, text: str) -> None:
    """Wait until a thread shows these words."""
    shown = page.locator('[data-test="thread-message"]', has_text=text)
    await shown.first.wait_for(timeout=STEP_MS)


async def picture(page: Page, name: str) -> None:
    """Keep a picture of the page for whoever asked for pictures."""
    folder = os.environ.get("PROOFCALL_TEST_PICTURES")
    if folder:
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.timeout(120)
async def test_seller_and_buyer_write_and_the_note_stays_inside(machine: Machine) -> None:
    """A reply from a script, an internal note, an answer, and a read mark."""
    opened = await machine.open_case(0)
    case_id = opened["case"]["id"]
    async with chromium(viewport=DESK) as desk, chromium(viewport=PHONE) as phone:
        page = await desk.open(f"{machine.url}/console?case={case_id}")
        await sign_in(page, machine.people["seller"])
        await by(page, "thread-scripts").click(timeout=STEP_MS)
        await by(page, "script-product_show").wait_for(timeout=STEP_MS)
        await picture(page, "scripts-desk")
        await by(page, "scripts-scene").select_option("complaint")
        await by(page, "script-complaint_sorry").click(timeout=STEP_MS)
        await by(page, "thread-left").wait_for(timeout=STEP_MS)
        text = await by(page, "thread-text").input_value()
        assert opened["case"]["buyer"]["name"] in text
        await by(page, "thread-text").fill(text.replace("{deadline}", "1.12."))
        assert await by(page, "thread-left").count() == 0
        await by(page, "thread-send").click()
        await says(page, "1.12.")
        await by(page, "thread-to").select_option("staff")
        await by(page, "thread-text").fill("They wrote the same last year.")
        await by(page, "thread-send").click()
        await says(page, "last year")

        buyer = await phone.open(opened["join_url"])
        await by(buyer, "open-thread").click(timeout=STEP_MS)
        await says(buyer, "1.12.")
        assert "last year" not in await buyer.content()
        await by(page, "thread-seen").wait_for(timeout=STEP_MS)
        await by(buyer, "thread-text").fill("Vielen Dank, ich warte.")
        await by(page, "thread-typing").wait_for(timeout=STEP_MS)
        await by(buyer, "thread-send").click()
        await says(buyer, "ich warte")
        await says(page, "ich warte")
        await picture(buyer, "thread-phone")
        await picture(page, "thread-desk")
        for name, size in (("tablet", TABLET), ("narrow", PHONE)):
            await page.set_viewport_size({"width": size.width, "height": size.height})
            await by(page, "thread-card").scroll_into_view_if_needed()
            await picture(page, f"thread-{name}")
        await buyer.reload()
        await by(buyer, "open-thread").click(timeout=STEP_MS)
        await says(buyer, "ich warte")


@pytest.mark.timeout(150)
async def test_what_was_said_in_the_call_stands_in_the_thread(machine: Machine) -> None:
    """A quick phrase in the buyer's language; the thread has it afterwards, on both sides."""
    async with call(machine) as held, chromium(viewport=DESK) as desk:
        host, buyer = held.host_page, held.buyer_page
        await by(host, "tab-messages").click()
        await by(host, "phrases").click(timeout=STEP_MS)
        await picture(host, "phrases-tablet")
        await by(host, "phrase-turn_over").click(timeout=STEP_MS)
        said = by(host, "message").last
        await said.wait_for(timeout=STEP_MS)
        words = (await said.locator("[lang]").inner_text()).strip()
        await held.end()
        await by(buyer, "open-thread").click(timeout=STEP_MS)
        await says(buyer, words)
        page = await desk.open(f"{machine.url}/console?case={held.case['id']}")
        await sign_in(page, machine.people["seller"])
        await says(page, words)
