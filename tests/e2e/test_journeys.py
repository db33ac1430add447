"""Whole journeys in real Chromium, from the buyer's form on, with a policy in force.

A buyer who never opens the link, and a deadline that escalates after a restart, have no page of
the buyer's: ``tests/integration/test_journeys.py`` and ``test_deadlines.py`` have them.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.integration.test_filing import order, photograph
from tests.support.cameras import Camera
from tests.support.chromium import DESK, PHONE, TABLET, chromium, screenshot
from tests.support.journeys import STEP_MS, by, come_on_shift, light_camera, sign_in
from tests.support.machine import Machine, running_machine
from tests.support.policies import ASK, KEEP, REJECT, VIDEO, days, rule

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(150),
]
LOOK = os.environ.get("LOOK_AT")
OVERFLOWS_JS = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
RULES = [
    rule("Fourteen days", REJECT, days(at_least=15), because="window"),
    rule("Parts", KEEP, {"fact": "reason", "values": ["missing_parts"]}),
    rule(
        "Colour is shown",
        VIDEO,
        {"fact": "reason", "values": ["colour_differs"]},
        {"fact": "photographs", "given": True},
        because="fault",
    ),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """One machine with a policy in force and an order for each journey."""
    now = datetime.now(UTC)
    async with running_machine(tmp_path_factory.mktemp("machine") / "data") as running:
        async with running.api() as http:
            for number, ago in (("COLOUR", 3), ("LATE", 40), ("PARTS", 3), ("DECLINED", 3)):
                told = order(
                    order_number=number, delivered_at=(now - timedelta(days=ago)).isoformat()
                )
                async with http.post("/api/v1/orders", json=told) as response:
                    assert response.status == 200, await response.text()
            body = {"title": "Lamps", "rules": RULES, "otherwise": ASK}
            async with http.post("/api/v1/policies", json=body) as response:
                path = f"/api/v1/policies/{(await response.json())['id']}"
            for what in ("preview", "publish"):
                url, match = f"{path}/{what}", {"If-Match": "*"}
                async with http.post(url, json={}, headers=match) as response:
                    assert response.status == 200, await response.text()
        yield running


async def look(page: Page, name: str) -> None:
    """A picture for whoever wants to look; nothing stands out of the page."""
    assert not await page.evaluate(OVERFLOWS_JS)
    if LOOK:
        await screenshot(page, Path(LOOK), name)


async def file(page: Page, number: str, reason: str, photo: Path | None = None) -> None:
    """From the order to the policy's answer."""
    await by(page, "order-number").fill(number, timeout=STEP_MS)
    await by(page, "email").fill("ana@example.com")
    await by(page, "find").click()
    await by(page, f"reason-{reason}").click(timeout=STEP_MS)
    if photo is not None:
        await by(page, "files").set_input_files(photo)
        await expect(by(page, "upload")).to_have_attribute("data-state", "done", timeout=STEP_MS)
    await by(page, "file").click()
    await expect(by(page, "filed")).to_be_visible(timeout=STEP_MS)


async def case_of(machine: Machine, number: str) -> str:
    """The id of the case of an order."""
    url = f"/api/v1/cases?order_number={number}"
    async with machine.api() as http, http.get(url) as response:
        (case,) = (await response.json())["items"]
    found: str = case["id"]
    return found


async def test_a_colour_that_differs_is_shown_and_kept(machine: Machine, tmp_path: Path) -> None:
    """The form asks to show it, one tap leads to the inspector, and nothing is sent back."""
    photo = tmp_path / "colour.jpg"
    photo.write_bytes(photograph(200))
    async with (
        chromium(light_camera(Camera.BUYER), viewport=PHONE) as phone,
        chromium(light_camera(Camera.HOST), viewport=TABLET) as tablet,
    ):
        host = await come_on_shift(machine, tablet)
        page = await phone.open(f"{machine.url}/return/nordhaus")
        await file(page, "COLOUR", "colour_differs", photo)
        await expect(by(page, "filed")).to_have_attribute("data-state", "inspection_offered")
        await expect(by(page, "policy-sentence")).to_contain_text("Please show us the item")
        await expect(by(page, "policy-rule")).to_contain_text("Colour is shown")
        await expect(by(page, "photos-enough")).to_be_visible()
        await look(page, "filed-inspect")
        await by(page, "book-time").click()
        await expect(by(page, "appointment")).to_be_visible(timeout=STEP_MS)
        await look(page, "filed-appointment")
        await by(page, "show-now").click()
        await by(page, "join").click(timeout=STEP_MS)
        await by(page, "waiting-page").wait_for(timeout=STEP_MS)
        await by(host, "take-next").click(timeout=STEP_MS)
        await by(host, "host-call").wait_for(timeout=STEP_MS)
        await by(host, "end").click(timeout=STEP_MS)
        await by(host, "end-yes").wait_for(timeout=STEP_MS)
        await by(host, "outcome-resolved_without_return").check(force=True)
        await by(host, "verdict-note").fill("It was the light.")
        await by(host, "end-yes").click()
        await expect(by(page, "outcome")).to_have_attribute(
            "data-outcome", "resolved_without_return", timeout=STEP_MS
        )
        await expect(page.get_by_text("It was the light.")).to_be_visible()


async def test_a_late_claim_is_rejected_appealed_and_decided(machine: Machine) -> None:
    """The form says why; the buyer objects on the link; a person must give a reason to differ."""
    async with chromium(viewport=PHONE) as phone, chromium(viewport=DESK) as desk:
        page = await phone.open(f"{machine.url}/return/nordhaus")
        await file(page, "LATE", "damaged")
        await expect(by(page, "policy-sentence")).to_contain_text("14 days")
        await look(page, "filed-rejected")
        await by(page, "see-case").click()
        await expect(by(page, "outcome")).to_have_attribute(
            "data-outcome", "reject", timeout=STEP_MS
        )
        await expect(by(page, "policy-rule")).to_contain_text("Fourteen days")
        await look(page, "link-rejected")
        await by(page, "disagree").click()
        await by(page, "appeal-words").fill("It lay at the customs for a month.")
        await by(page, "appeal").click()
        await expect(by(page, "appealed")).to_be_visible(timeout=STEP_MS)

        case_id = await case_of(machine, "LATE")
        console = await desk.open(f"{machine.url}/console?case={case_id}")
        await sign_in(console, machine.people["seller"])
        await by(console, "give-verdict").click(timeout=STEP_MS)
        await by(console, "verdict-outcome").select_option("refund")
        await by(console, "save-verdict").click()
        await expect(console.get_by_text("otherwise than the policy did")).to_be_visible()
        await look(console, "console-reason")
        await by(console, "verdict-note").fill("The delay is not hers.")
        await by(console, "save-verdict").click()
        await console.locator('[data-test="case-page"][data-state="decided"]').wait_for(
            timeout=STEP_MS
        )
        await page.reload()
        await expect(by(page, "outcome")).to_have_attribute(
            "data-outcome", "refund", timeout=STEP_MS
        )
        await expect(page.get_by_text("The delay is not hers.")).to_be_visible()


async def test_an_offer_is_taken_in_arabic_from_right_to_left(machine: Machine) -> None:
    """Form, offer, and the link's page read from right to left; the seller pays what is owed."""
    async with (
        chromium(viewport=PHONE, locale="ar-EG") as phone,
        chromium(viewport=DESK) as desk,
    ):
        page = await phone.open(f"{machine.url}/return/nordhaus")
        await file(page, "PARTS", "missing_parts")
        await expect(by(page, "filed")).to_have_attribute("data-state", "keep_offered")
        assert await page.evaluate("document.documentElement.dir") == "rtl"
        await look(page, "offer-arabic")
        await by(page, "accept-offer").click()
        await expect(by(page, "filed")).to_have_attribute("data-state", "resolved", timeout=STEP_MS)
        await look(page, "kept-arabic")
        await by(page, "see-case").click()
        await expect(by(page, "outcome")).to_have_attribute(
            "data-outcome", "resolved_without_return", timeout=STEP_MS
        )
        assert await page.evaluate("document.documentElement.dir") == "rtl"
        await by(page, "open-thread").click()
        await expect(by(page, "thread-text")).to_be_visible(timeout=STEP_MS)
        await look(page, "link-arabic")

        case_id = await case_of(machine, "PARTS")
        console = await desk.open(f"{machine.url}/console?case={case_id}")
        await sign_in(console, machine.people["seller"])
        await expect(by(console, "owed")).to_contain_text("29.60", timeout=STEP_MS)
        await look(console, "console-owed")
        await by(console, "move-refund_partly").click()
        await expect(by(console, "move-amount")).to_have_value("29.60")
        await by(console, "make-move").click()
        await expect(by(console, "owed")).to_have_count(0, timeout=STEP_MS)
        await page.reload()
        await expect(by(page, "given")).to_be_visible(timeout=STEP_MS)


async def test_a_declined_offer_opens_the_entrance_in_arabic(machine: Machine) -> None:
    """On the link's page: no, and then the camera may be started, or a message written."""
    async with chromium(light_camera(Camera.BUYER), viewport=PHONE, locale="ar-EG") as phone:
        page = await phone.open(f"{machine.url}/return/nordhaus")
        await file(page, "DECLINED", "missing_parts")
        link = await page.evaluate(
            "() => JSON.parse(localStorage['proofcall.return.nordhaus']).joinPath"
        )
        await page.goto(f"{machine.url}{link}")
        await expect(by(page, "offer-page")).to_be_visible(timeout=STEP_MS)
        await expect(by(page, "offer-amount")).to_be_visible(timeout=STEP_MS)
        await look(page, "link-offer-arabic")
        await by(page, "decline-offer").click()
        await expect(by(page, "ready-page")).to_be_visible(timeout=STEP_MS)
        assert await page.evaluate("document.documentElement.dir") == "rtl"
        await look(page, "ready-arabic")
        await by(page, "join").click()
        await by(page, "waiting-page").wait_for(timeout=STEP_MS)
        await look(page, "waiting-arabic")
