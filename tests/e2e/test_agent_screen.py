"""The agent's screen in real browsers: by keyboard, two at once, taken back, kept, restored."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.support.chromium import DESK, PHONE, TABLET, chromium, screenshot
from tests.support.journeys import STEP_MS, by, sign_in
from tests.support.machine import Machine, running_machine

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
]

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
_SIZES = (("desk", DESK), ("tablet", TABLET), ("phone", PHONE))
_TOO_WIDE_JS = "() => document.documentElement.scrollWidth - innerWidth"
_FOCUS_JS = "() => document.activeElement?.dataset.test ?? document.activeElement?.tagName"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """A machine with every process."""
    async with running_machine(tmp_path_factory.mktemp("machine") / "data") as running:
        yield running


async def looks_right(page: Page, name: str) -> None:
    """At every size nothing is cut off, and axe finds nothing wrong; kept as pictures on demand."""
    await page.evaluate(AXE.read_text())
    for size, viewport in _SIZES:
        await page.set_viewport_size({"width": viewport.width, "height": viewport.height})
        await page.evaluate("() => new Promise(d => requestAnimationFrame(() => setTimeout(d)))")
        if folder := os.environ.get("SCREENSHOTS"):
            await screenshot(page, Path(folder), f"{name}-{size}")
        assert await page.evaluate(_TOO_WIDE_JS) <= 0, f"{name} at {size}"
        found = await page.evaluate(
            "axe.run({resultTypes: ['violations']}).then((done) => done.violations)"
        )
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == [], size
    await page.set_viewport_size({"width": DESK.width, "height": DESK.height})


async def shown(page: Page, test: str, words: str) -> None:
    """Wait until an element says these words."""
    await page.locator(f'[data-test="{test}"]', has_text=words).first.wait_for(timeout=STEP_MS)


async def focus(page: Page) -> str:
    """Which element has the focus."""
    return str(await page.evaluate(_FOCUS_JS))


@pytest.mark.timeout(180)
async def test_a_case_is_worked_on_by_keyboard_alone(machine: Machine) -> None:
    """Search, open, read, answer, note, undo, tag, evidence, back: no mouse."""
    opened = await machine.open_case(0)
    await machine.open_case(1)
    order = opened["case"]["order_number"]
    async with chromium(viewport=DESK) as browser:
        page = await browser.open(f"{machine.url}/console")
        await sign_in(page, machine.people["seller"])
        keys = page.keyboard
        await by(page, "case-row").first.wait_for(timeout=STEP_MS)
        await looks_right(page, "inbox")
        await keys.press("?")
        await by(page, "shortcut-help").wait_for(timeout=STEP_MS)
        await keys.press("j")  # Nothing fires behind a dialog.
        await keys.press("Escape")
        await by(page, "shortcut-help").wait_for(state="detached", timeout=STEP_MS)
        await keys.press("/")
        assert await focus(page) == "case-search"
        await keys.type(f"#{order}")
        row = page.locator(f'[data-test="case-row"][data-order="{order}"]')
        await page.wait_for_function(
            "() => document.querySelectorAll('[data-test=case-row]').length === 1"
        )
        await keys.press("ArrowDown")
        await keys.press("j")
        await keys.press("k")
        assert await row.evaluate("row => row === document.activeElement")
        await keys.press("Enter")
        await by(page, "case-page").wait_for(timeout=STEP_MS)
        assert await focus(page) == "H1"

        await keys.press("r")
        assert await focus(page) == "thread-text"
        await keys.type("Hello, rgenxz?/ I look into it.")  # Keys that would do something else.
        assert await by(page, "thread-text").input_value() == "Hello, rgenxz?/ I look into it."
        await keys.press("Control+Enter")
        await shown(page, "held-act", "I look into it")
        await keys.press("Escape")
        await keys.press("z")
        await by(page, "held-act").wait_for(state="detached", timeout=STEP_MS)
        # The list of what is held may hear of it before the answer brings the words back.
        await expect(by(page, "thread-text")).to_have_value(
            re.compile("I look into it"), timeout=STEP_MS
        )
        assert await focus(page) == "thread-text"
        await keys.press("Control+Enter")
        await shown(page, "held-act", "I look into it")
        await shown(page, "thread-message", "I look into it")

        await keys.press("Escape")
        await keys.press("n")
        await keys.type("The same buyer as last year.")
        await keys.press("Control+Enter")
        await shown(page, "held-act", "last year")
        await keys.press("Escape")
        await keys.press("t")
        await by(page, "tag-words").wait_for(timeout=STEP_MS)
        await keys.type("VIP")
        await keys.press("Enter")
        await shown(page, "tag", "vip")
        await keys.press("e")
        assert await page.evaluate("() => document.activeElement.id") == "sessions-title"
        await looks_right(page, "case")
        await shown(page, "thread-message", "last year")
        await keys.press("g")
        await keys.press("i")
        await by(page, "nothing-chosen").wait_for(timeout=STEP_MS)
        assert await focus(page) == "case-row"
        await keys.press("x")
        await by(page, "bulk-bar").wait_for(timeout=STEP_MS)
        await looks_right(page, "bulk")


@pytest.mark.timeout(120)
async def test_two_at_one_case_see_each_other_and_that_one_writes(machine: Machine) -> None:
    """Also after web was killed; who closes their page is gone."""
    opened = await machine.open_case(1)
    url = f"{machine.url}/console?case={opened['case']['id']}"
    async with chromium(viewport=DESK) as desk, chromium(viewport=DESK) as other:
        page = await desk.open(url)
        await sign_in(page, machine.people["seller"])
        await by(page, "case-page").wait_for(timeout=STEP_MS)
        colleague = await other.open(url)
        await sign_in(colleague, machine.people["inspector"])
        await by(colleague, "here-looks").wait_for(timeout=STEP_MS)
        await by(page, "here-looks").wait_for(timeout=STEP_MS)
        await by(colleague, "thread-text").fill("I am on it")
        await by(page, "here-writes").wait_for(timeout=STEP_MS)
        if folder := os.environ.get("SCREENSHOTS"):
            await screenshot(page, Path(folder), "collision-desk")
        machine.kill("web-and-jobs")
        await by(page, "here-bar").wait_for(state="attached")
        # Both connect again and say what they show.
        await by(page, "here-looks").wait_for(timeout=60_000)
        await colleague.close()
        await by(page, "here-looks").wait_for(state="detached", timeout=40_000)


@pytest.mark.timeout(120)
async def test_a_draft_is_there_again_and_a_late_verdict_loses_nothing(machine: Machine) -> None:
    """After a reload; and beside what somebody else decided meanwhile."""
    opened = await machine.open_case(2)
    path = f"/api/v1/cases/{opened['case']['id']}"
    async with chromium(viewport=DESK) as browser:
        page = await browser.open(f"{machine.url}/console?case={opened['case']['id']}")
        await sign_in(page, machine.people["seller"])
        await by(page, "thread-text").fill("Dear buyer, half a sentence")
        await page.reload()
        await by(page, "draft-restored").wait_for(timeout=STEP_MS)
        assert await by(page, "thread-text").input_value() == "Dear buyer, half a sentence"
        await by(page, "give-verdict").click(timeout=STEP_MS)
        await by(page, "verdict-outcome").select_option("reject")
        await by(page, "verdict-note").fill("My own words")
        verdict = {"outcome": "refund", "disposition": None, "liability": None, "note": "Theirs"}
        async with (
            machine.api() as http,
            http.post(f"{path}/verdict", json=verdict, headers={"If-Match": "*"}) as response,
        ):
            assert response.status == 200, await response.text()
        await by(page, "save-verdict").click()
        await by(page, "verdict-conflict").wait_for(timeout=STEP_MS)
        await by(page, "change-outcome").wait_for(timeout=STEP_MS)
        assert await by(page, "verdict-note").input_value() == "My own words"
        await by(page, "discard-mine").click()
        await by(page, "verdict-given").wait_for(timeout=STEP_MS)
        # Signing out on purpose forgets drafts: the next person may be somebody else.
        await by(page, "sign-out").click()
        await by(page, "sign-in-page").wait_for(timeout=STEP_MS)
        kept = "() => Object.keys(localStorage).filter(key => key.startsWith('pc-draft:')).length"
        assert await page.evaluate(kept) == 0


@pytest.mark.timeout(150)
async def test_many_are_tagged_filtered_saved_closed_and_taken_back(machine: Machine) -> None:
    """A shared filter with its count, its deletion undone; closing taken back in time."""
    for number in range(2):
        await machine.open_case(number)
    async with chromium(viewport=DESK) as browser:
        page = await browser.open(f"{machine.url}/console")
        await sign_in(page, machine.people["seller"])
        picks = by(page, "case-pick")
        await picks.nth(1).wait_for(timeout=STEP_MS)
        await picks.nth(0).check()
        await picks.nth(1).check()
        await by(page, "bulk-tag").click()
        await by(page, "tag-words").fill("weekend")
        await by(page, "tag-yes").click()
        await page.locator(".case-tags", has_text="weekend").nth(1).wait_for(timeout=STEP_MS)
        await by(page, "narrow").click()
        await by(page, "case-tag").fill("weekend")
        await by(page, "case-tag").press("Enter")
        await by(page, "save-filter").click(timeout=STEP_MS)
        await by(page, "filter-name").fill("Weekend")
        await by(page, "filter-shared").click()
        await looks_right(page, "save-filter")
        await by(page, "save-filter-yes").click()
        await by(page, "views-menu").click()
        saved = by(page, "saved-filter")
        await saved.wait_for(timeout=STEP_MS)
        assert (await saved.locator(".count").inner_text()) == "2"
        await looks_right(page, "views")
        await by(page, "forget-filter").click()
        await saved.wait_for(state="detached", timeout=STEP_MS)
        await by(page, "toast").get_by_role("button").last.click()
        await saved.wait_for(timeout=STEP_MS)
        await saved.click()
        await by(page, "bulk-all").or_(picks.first).first.wait_for(timeout=STEP_MS)
        await picks.nth(0).check()
        await picks.nth(1).check()
        await by(page, "bulk-close").click()
        await by(page, "bulk-close-yes").click()
        undo = by(page, "toast").get_by_role("button").last
        await undo.click(timeout=STEP_MS)
        await asyncio.sleep(12)
        assert await page.locator('[data-test="case-row"] .chip', has_text="Closed").count() == 0


@pytest.mark.timeout(120)
async def test_a_case_is_unread_until_it_is_opened(machine: Machine) -> None:
    """The buyer writes: the row says so by itself, and no longer once it was looked at."""
    opened = await machine.open_case(0)
    token = opened["join_url"].rsplit("/", 1)[1]
    said = {"client_id": "b1", "text": "¿Hola?", "locale": "es"}
    row = f'[data-test="case-row"][data-case-id="{opened["case"]["id"]}"]'
    async with chromium(viewport=DESK) as browser:
        page = await browser.open(f"{machine.url}/console")
        await sign_in(page, machine.people["seller"])
        await page.locator(row).wait_for(timeout=STEP_MS)
        assert await page.locator(f"{row}[data-unread]").count() == 0
        async with (
            aiohttp.ClientSession(machine.own_url, headers={"X-Proofcall": "1"}) as buyer,
            buyer.post(f"/api/join/{token}/thread/messages", json=said) as response,
        ):
            assert response.status == 200, await response.text()
        await page.locator(f"{row}[data-unread]").wait_for(timeout=STEP_MS)
        await page.locator(row).click()
        await shown(page, "thread-message", "¿Hola?")
        await page.locator(f"{row}:not([data-unread])").wait_for(timeout=STEP_MS)


@pytest.mark.timeout(120)
async def test_a_case_closes_after_its_ten_seconds_though_the_page_is_gone(
    machine: Machine,
) -> None:
    """What cannot be undone says so before; the server keeps the promise."""
    opened = await machine.open_case(0)
    path = f"/api/v1/cases/{opened['case']['id']}"
    async with chromium(viewport=DESK) as browser:
        page = await browser.open(f"{machine.url}/console?case={opened['case']['id']}")
        await sign_in(page, machine.people["seller"])
        await by(page, "close-case").click(timeout=STEP_MS)
        await page.get_by_text("cannot be undone").wait_for(timeout=STEP_MS)
        await by(page, "close-yes").click()
        await by(page, "held-act").wait_for(timeout=STEP_MS)
    machine.kill("web-and-jobs")
    state = ""
    async with asyncio.timeout(60):
        while state != "closed":
            await asyncio.sleep(0.5)
            try:
                async with machine.api() as http, http.get(path) as response:
                    state = (await response.json()).get("state", "")
            except OSError:
                continue


@pytest.mark.timeout(120)
async def test_a_reply_is_changed_tried_and_brought_back(machine: Machine) -> None:
    """Found by scene and words, with a case; unknown braces and empty ones are named."""
    await machine.open_case(0)
    async with chromium(viewport=DESK) as browser:
        page = await browser.open(f"{machine.url}/console/scripts")
        await sign_in(page, machine.people["seller"])
        await by(page, "scene").select_option("complaint", timeout=STEP_MS)
        await by(page, "reply-complaint_sorry").click()
        area = by(page, "script-words")
        shipped = await area.input_value()
        await area.fill("Hello {buyer_name}, {password}")
        await page.get_by_text("Not a placeholder: password").wait_for(timeout=STEP_MS)
        await area.fill("Hello {buyer_name}, with ")
        await by(page, "put-carrier").click()
        await shown(page, "preview-empty", "{carrier}")
        assert "Hello {" not in await by(page, "preview-words").inner_text()
        await looks_right(page, "scripts")
        await by(page, "to-figures").click()
        await by(page, "leave-script").wait_for(timeout=STEP_MS)
        await page.keyboard.press("Escape")
        await by(page, "save-script").click()
        await by(page, "drop-script").wait_for(timeout=STEP_MS)
        await by(page, "drop-script").click()
        await by(page, "drop-script").wait_for(state="detached", timeout=STEP_MS)
        assert await area.input_value() == shipped
        await by(page, "toast").get_by_role("button").last.click()
        await by(page, "drop-script").wait_for(timeout=STEP_MS)
        assert await area.input_value() == "Hello {buyer_name}, with {carrier}"
