"""Whole journeys in real Chromium, from the buyer's form to the end, with a policy in force."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright, expect

from tests.integration.test_filing import photograph
from tests.support.cameras import Camera
from tests.support.chromium import DESK, PHONE, TABLET, Chromium, another_person, chromium
from tests.support.desk_walk import (
    case_of,
    case_page,
    delivered,
    fill_form,
    find_order,
    look,
    policy_in_force,
    send_form,
    state_is,
    words_of,
)
from tests.support.journeys import STEP_MS, Call, by, come_on_shift, light_camera
from tests.support.machine import Machine, running_machine
from tests.support.policies import REJECT, VIDEO, days, rule

pytestmark = [
    pytest.mark.alone,
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
]

BUYER, HOST = light_camera(Camera.BUYER), light_camera(Camera.HOST)
RULES = (
    rule("Fourteen days", REJECT, days(at_least=15), because="window"),
    rule(
        "Colour is shown",
        VIDEO,
        {"fact": "reason", "values": ["colour_differs"]},
        {"fact": "photographs", "given": True},
        because="fault",
    ),
)
LANGUAGES = {"en": "en-GB", "es": "es-ES", "de": "de-DE", "zh-Hans": "zh-CN", "ar": "ar-EG"}
# What the seller and the buyer wrote is read as it is.
NAMES = ("Nordhaus Home", "Leipzig", "Brass desk lamp", "Colour is shown", "colour.jpg")
LATIN = re.compile(r"[A-Za-z]{2,}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """One machine with a policy in force and an order for each journey."""
    async with running_machine(tmp_path_factory.mktemp("machine") / "data") as running:
        await policy_in_force(running, RULES)
        await delivered(running, "COLOUR", 3)
        await delivered(running, "LATE", 40, "es")
        for number, locale in enumerate(LANGUAGES):
            await delivered(running, f"300{number}", 3, locale)
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def phone() -> AsyncIterator[Chromium]:
    """The buyers' browser."""
    async with async_playwright() as driver, chromium(playwright=driver) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office() -> AsyncIterator[Chromium]:
    """The browser of the inspector and of the agent."""
    async with async_playwright() as driver, chromium(playwright=driver) as running:
        yield running


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photograph of the colour."""
    path = tmp_path_factory.mktemp("photo") / "colour.jpg"
    path.write_bytes(photograph(200))
    return path


async def test_a_colour_that_differs_is_shown_and_kept(
    machine: Machine, phone: Chromium, office: Chromium, photo: Path
) -> None:
    """The form asks to show it, one tap leads to the inspector, and nothing is sent back."""
    async with (
        another_person(phone, BUYER, viewport=PHONE) as buyer,
        another_person(office, HOST, viewport=TABLET) as inspector,
        another_person(office, viewport=DESK) as agent,
    ):
        host = await come_on_shift(machine, inspector)
        page = await buyer.open(f"{machine.url}/return/nordhaus")
        await by(page, "order-number").wait_for(timeout=STEP_MS)
        await look(page, "a1-find")
        await find_order(page, "COLOUR")
        await fill_form(page, "colour_differs", photo)
        await look(page, "a2-form")
        await send_form(page, "inspection_offered")
        await expect(by(page, "policy-sentence")).to_contain_text("Please show us the item")
        await expect(by(page, "policy-rule")).to_contain_text("Colour is shown")
        await expect(by(page, "wait")).to_have_text("Somebody is free now")
        await look(page, "a3-answered")
        await by(page, "show-now").click()
        await by(page, "join").wait_for(timeout=STEP_MS)
        await look(page, "a4-ready")
        await by(page, "join").click()
        await by(page, "waiting-page").wait_for(timeout=STEP_MS)
        await look(page, "a5-waiting")
        await by(host, "take-next").wait_for(timeout=STEP_MS)
        await look(host, "a6-desk")
        await by(host, "take-next").click()
        await by(host, "host-call").wait_for(timeout=STEP_MS)
        case_id = await case_of(machine, "COLOUR")
        call = Call(machine, {"id": case_id}, page.url, buyer, inspector, page, host)
        await call.sees_the_other()
        await look(page, "a7-buyer-call")
        await look(host, "a8-host-call")
        await call.end(note="It was the light.")
        await expect(by(page, "outcome")).to_have_attribute(
            "data-outcome", "resolved_without_return", timeout=STEP_MS
        )
        await expect(page.get_by_text("It was the light.")).to_be_visible()
        await look(page, "a9-buyer-ended")

        console = await case_page(agent, machine, case_id)
        await expect(by(console, "verdict-given")).to_contain_text("It was the light.")
        await look(console, "a10-agent-decided")
        await by(console, "next-step").click()
        await by(console, "make-move").click(timeout=STEP_MS)
        await state_is(console, "resolved")
        await look(console, "a11-agent-resolved")
        await page.reload()
        await expect(by(page, "outcome")).to_have_attribute(
            "data-outcome", "resolved_without_return", timeout=STEP_MS
        )


async def test_a_late_claim_is_rejected_appealed_taken_and_decided(
    machine: Machine, phone: Chromium, office: Chromium
) -> None:
    """The form says why in the buyer's words; who objects is heard by a person with a reason."""
    async with (
        another_person(phone, viewport=PHONE, locale="es-ES") as buyer,
        another_person(office, viewport=DESK) as agent,
    ):
        page = await buyer.open(f"{machine.url}/return/nordhaus")
        await find_order(page, "LATE")
        await fill_form(page, "damaged")
        await send_form(page, "decided")
        await expect(by(page, "policy-sentence")).to_contain_text("14 días")
        await expect(by(page, "policy-rule")).to_contain_text("Fourteen days")
        await look(page, "b1-rejected")
        await by(page, "see-case").click()
        await expect(by(page, "outcome")).to_have_attribute(
            "data-outcome", "reject", timeout=STEP_MS
        )
        await expect(by(page, "policy-sentence")).to_contain_text("14 días")
        await look(page, "b2-link-rejected")
        await by(page, "disagree").click()
        await by(page, "appeal-words").fill("Estuvo un mes en la aduana.")
        await look(page, "b3-appeal")
        await by(page, "appeal").click()
        await by(page, "appealed").wait_for(timeout=STEP_MS)
        await look(page, "b4-appealed")

        case_id = await case_of(machine, "LATE")
        console = await case_page(agent, machine, case_id)
        await state_is(console, "appealed")
        await expect(by(console, "policy-sentence")).to_contain_text("14 días")
        await expect(by(console, "case-page")).to_contain_text("Estuvo un mes en la aduana.")
        # Taking it makes a new version of the case: the page reads that before it is decided.
        async with console.expect_response(f"**/api/v1/cases/{case_id}", timeout=STEP_MS):
            await by(console, "take-case").click()
        await by(console, "release-case").wait_for(timeout=STEP_MS)
        await by(console, "due-decision").wait_for(timeout=STEP_MS)
        await look(console, "b5-agent-appealed")
        await by(console, "next-step").click()
        await by(console, "verdict-outcome").select_option("refund", timeout=STEP_MS)
        await by(console, "save-verdict").click()
        await expect(console.get_by_text("otherwise than the policy did")).to_be_visible()
        await by(console, "verdict-note").fill("The delay is not hers.")
        await by(console, "save-verdict").click()
        await state_is(console, "decided")
        await look(console, "b6-agent-decided")
        await page.reload()
        await expect(by(page, "outcome")).to_have_attribute(
            "data-outcome", "refund", timeout=STEP_MS
        )
        await expect(page.get_by_text("The delay is not hers.")).to_be_visible()
        await look(page, "b7-buyer-decided")


async def walked(machine: Machine, phone: Chromium, photo: Path, locale: str) -> set[str]:
    """From the form to the answer and the way into the call, in one language; what was read."""
    read: set[str] = set()

    async def here(page: Page, name: str) -> None:
        shown = await page.evaluate("[document.documentElement.lang, document.documentElement.dir]")
        assert shown == [locale, "rtl" if locale == "ar" else "ltr"], name
        await look(page, f"f-{locale}-{name}")
        read.update(await words_of(page))

    async with another_person(phone, viewport=PHONE, locale=LANGUAGES[locale]) as buyer:
        page = await buyer.open(f"{machine.url}/return/nordhaus")
        await by(page, "order-number").wait_for(timeout=STEP_MS)
        await here(page, "1-find")
        await find_order(page, f"300{list(LANGUAGES).index(locale)}")
        await fill_form(page, "colour_differs", photo)
        await here(page, "2-form")
        await send_form(page, "inspection_offered")
        await here(page, "3-answered")
        await by(page, "show-now").click()
        await by(page, "join").wait_for(timeout=STEP_MS)
        await here(page, "4-ready")
    return read


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def english(machine: Machine, phone: Chromium, photo: Path) -> set[str]:
    """What the walk reads in English."""
    return await walked(machine, phone, photo, "en")


@pytest.mark.parametrize("locale", ["es", "de", "zh-Hans", "ar"])
async def test_from_the_form_to_the_answer_no_english_is_left(
    machine: Machine, phone: Chromium, photo: Path, english: set[str], locale: str
) -> None:
    """Every text but the names is in the buyer's language, in its direction, and fits."""
    read = await walked(machine, phone, photo, locale)
    without_names = {text for text in read if not any(name in text for name in NAMES)}
    assert len(english) > 40, english
    assert not without_names & english
    if locale in ("zh-Hans", "ar"):
        plain = {re.sub("|".join(NAMES), "", text) for text in read}
        assert not {text for text in plain if LATIN.search(text)}
