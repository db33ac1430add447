"""The seller's policy in the console, and what a buyer reads of it, in real browsers."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.support.chromium import (
    DESK,
    PHONE,
    TABLET,
    Chromium,
    Viewport,
    chromium,
    screenshot,
)
from tests.support.journeys import STEP_MS, by, sign_in
from tests.support.machine import Machine, running_machine

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
]

Json = dict[str, Any]

_PICTURES = os.environ.get("PROOFCALL_TEST_PICTURES")
"""A folder in which to keep what the pages showed, for somebody to look at."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """A machine with every process."""
    async with running_machine(tmp_path_factory.mktemp("machine") / "data") as running:
        yield running


async def look(page: Page, name: str) -> None:
    """Keep a picture of a page, if somebody wants to look."""
    if _PICTURES:
        await page.wait_for_timeout(250)
        await screenshot(page, Path(_PICTURES), name)


async def policies(browser: Chromium, machine: Machine) -> Page:
    """The policy page, signed in as the seller."""
    page = await browser.open(f"{machine.url}/console/policies")
    await sign_in(page, machine.people["seller"])
    await by(page, "start").or_(by(page, "policies")).first.wait_for(timeout=STEP_MS)
    return page


async def add_rule(page: Page, at: int, name: str, *reasons: str) -> None:
    """A new rule about reasons; it is left open."""
    await by(page, "add-rule").click(timeout=STEP_MS)
    await by(page, f"rule-{at}-name").fill(name, timeout=STEP_MS)
    for reason in reasons:
        await by(page, f"rule-{at}-condition-0-reason-{reason}").click()


async def put_in_force(page: Page) -> None:
    """Preview what is saved, then publish it at once."""
    await by(page, "run-preview").click(timeout=STEP_MS)
    await by(page, "preview-result").wait_for(timeout=STEP_MS)
    await by(page, "publish").click(timeout=STEP_MS)
    await by(page, "publish-yes").click(timeout=STEP_MS)
    await expect(by(page, "policy-state")).to_have_text("In force", timeout=STEP_MS)


@pytest.mark.timeout(150)
async def test_a_policy_made_in_the_form_answers_the_next_buyer_in_their_language(
    machine: Machine,
) -> None:
    """A contradiction is told at its rule and not saved; mended and in force it answers."""
    await machine.open_case()
    async with chromium(viewport=DESK) as seller, chromium(viewport=PHONE) as phone:
        page = await policies(seller, machine)
        await look(page, "start")
        await by(page, "start-empty").click(timeout=STEP_MS)
        await by(page, "policy-title").fill("Lamps and shades")
        await add_rule(page, 0, "Faults are shown", "damaged", "defective")
        await by(page, "rule-0-because").select_option("fault")
        await expect(by(page, "says")).to_contain_text("short video call", timeout=STEP_MS)
        await look(page, "rule-open")
        await by(page, "rule-0-edit").click()
        await add_rule(page, 1, "Damage is refused", "damaged")
        await by(page, "rule-1-answer").select_option("reject")
        finding = by(page, "rule-1").locator('[data-test="finding-contradicts"]')
        await expect(finding).to_contain_text("contradicts “Faults are shown”", timeout=STEP_MS)
        await look(page, "contradiction")
        await by(page, "save-policy").click()
        await expect(by(page, "policy-error")).to_contain_text("Not saved", timeout=STEP_MS)
        async with machine.api() as http, http.get("/api/v1/policies") as response:
            assert (await response.json())["items"] == []
        # By keyboard alone: the wrong rule moves up, which mends it.
        await by(page, "rule-1-up").focus()
        await page.keyboard.press("Enter")
        await expect(by(page, "rule-0")).to_contain_text("Damage is refused", timeout=STEP_MS)
        await expect(page.locator('[data-test^="finding-"]')).to_have_count(0, timeout=STEP_MS)
        await expect(by(page, "rule-0-up")).to_be_focused(timeout=STEP_MS)
        await by(page, "rule-0-remove").click()
        await by(page, "undo-remove").click(timeout=STEP_MS)
        await expect(by(page, "rule-0")).to_contain_text("Damage is refused", timeout=STEP_MS)
        await by(page, "rule-0-remove").click()
        await by(page, "save-policy").click()
        await by(page, "policy-head").wait_for(timeout=STEP_MS)
        await put_in_force(page)
        await look(page, "in-force")
        opened = await machine.open_case(
            buyer={"name": "Lin", "email": None, "locale": "zh-Hans"},
            claim={"reason": "damaged", "words": "灯罩裂了。", "locale": "zh-Hans"},
        )
        answer = opened["case"]["policy_answer"]
        assert (answer["rule"], answer["version"]) == ("Faults are shown", 1)
        buyer = await phone.open(opened["join_url"])
        await by(buyer, "policy-sentence").wait_for(timeout=STEP_MS)
        await by(buyer, "language").select_option("zh-Hans")
        await expect(by(buyer, "policy-sentence")).to_have_text(answer["sentences"]["zh-Hans"])
        await look(buyer, "buyer")
        await page.goto(f"{machine.url}/console?case={opened['case']['id']}")
        await expect(by(page, "policy-answer")).to_contain_text("Faults are shown", timeout=STEP_MS)
        await expect(by(page, "policy-sentence")).to_have_text(answer["sentences"]["zh-Hans"])
        await look(page, "case")


@pytest.mark.timeout(150)
async def test_a_trial_shows_what_it_brings_and_the_earlier_rules_come_back(
    machine: Machine,
) -> None:
    """A starting point as a new version, tried on all but one percent, ended; then back."""
    async with chromium(viewport=DESK) as seller:
        page = await policies(seller, machine)
        await by(page, "new-version").click(timeout=STEP_MS)
        await by(page, "starter-eu_all").click(timeout=STEP_MS)
        await look(page, "starter")
        await by(page, "save-policy").click(timeout=STEP_MS)
        await by(page, "run-preview").click(timeout=STEP_MS)
        await by(page, "preview-result").wait_for(timeout=STEP_MS)
        await look(page, "preview")
        await by(page, "trial-percent").fill("99", timeout=STEP_MS)
        await by(page, "start-trial").click()
        await by(page, "effect-empty").wait_for(timeout=STEP_MS)
        for _ in range(3):
            await machine.open_case()
        await page.reload()
        await by(page, "effect").wait_for(timeout=STEP_MS)
        await look(page, "trial")
        await by(page, "end-trial").click()
        await expect(by(page, "policy-state")).to_have_text("Tried", timeout=STEP_MS)
        await by(page, "publish").click(timeout=STEP_MS)
        await by(page, "publish-yes").click(timeout=STEP_MS)
        await expect(by(page, "policy-state")).to_have_text("In force", timeout=STEP_MS)
        first = page.locator('.version-row[data-state="past"]').last
        await first.click(timeout=STEP_MS)
        await by(page, "roll-back").click(timeout=STEP_MS)
        await by(page, "roll-back-yes").click(timeout=STEP_MS)
        await expect(by(page, "policy-state")).to_have_text("In force", timeout=STEP_MS)
        await look(page, "rolled-back")
        # Changes that nobody saved are not lost by a click elsewhere.
        await by(page, "new-version").click(timeout=STEP_MS)
        await by(page, "start-live").click(timeout=STEP_MS)
        await by(page, "policy-title").fill("Something else", timeout=STEP_MS)
        await by(page, "new-case").click()
        await by(page, "leave-dialog").wait_for(timeout=STEP_MS)
        await page.keyboard.press("Escape")
        await expect(by(page, "policy-title")).to_have_value("Something else")


_TOO_WIDE_JS = "() => document.documentElement.scrollWidth - innerWidth"
_SMALL_JS = """() => [...document.querySelectorAll('.policies :is(button, select, input)')]
  .map(found => [found.getBoundingClientRect(), found.dataset.test ?? found.textContent])
  .filter(([box]) => box.height > 0 && box.height < 40)
  .map(([box, name]) => `${name}: ${box.height}`)"""


@pytest.mark.timeout(150)
@pytest.mark.parametrize("viewport", [DESK, TABLET, PHONE], ids=["desk", "tablet", "phone"])
async def test_the_policy_page_fits_every_screen_and_axe_finds_nothing(
    machine: Machine, viewport: Viewport
) -> None:
    """The list, a draft with a rule open, and what a start offers; nothing too wide or small."""
    async with machine.api() as http:
        body = {"title": "Draft", "rules": [], "otherwise": {"kind": "ask_a_person"}}
        async with http.post("/api/v1/policies", json=body) as response:
            draft: Json = await response.json()
    axe = Path("web/node_modules/axe-core/axe.min.js")
    async with chromium(viewport=viewport) as seller:
        page = await policies(seller, machine)

        async def fits(name: str) -> None:
            await look(page, f"{name}-{viewport.width}")
            assert await page.evaluate(_TOO_WIDE_JS) <= 0, name
            assert await page.evaluate(_SMALL_JS) == [], name
            # As a debugger's: the page's own policy lets no such script in.
            await page.evaluate(axe.read_text())
            found = await page.evaluate("() => axe.run()")
            assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == [], name

        await fits("list")
        await by(page, "new-version").click(timeout=STEP_MS)
        await by(page, "starter-eu_all").wait_for(timeout=STEP_MS)
        await fits("start")
        await page.goto(f"{machine.url}/console/policies?item={draft['id']}")
        await add_rule(page, 0, "Faults are shown", "damaged")
        await by(page, "rule-0-add-condition").click()
        await by(page, "rule-0-condition-1-fact").select_option("value")
        await by(page, "rule-0-condition-1-at-least").fill("150")
        await by(page, "rule-0-add-condition").click()
        await by(page, "rule-0-condition-2-fact").select_option("market")
        await by(page, "rule-0-condition-2-words").fill("DE, us")
        await by(page, "says").wait_for(timeout=STEP_MS)
        await by(page, "says").get_by_role("button", name="Arabic").click()
        await expect(by(page, "says").locator("[lang=ar]")).to_have_attribute("dir", "rtl")
        await fits("rule")
        await by(page, "save-policy").click()
        await by(page, "run-preview").click(timeout=STEP_MS)
        await by(page, "preview-result").wait_for(timeout=STEP_MS)
        await by(page, "rule-0-edit").click()
        await by(page, "preview").scroll_into_view_if_needed()
        await fits("draft")
