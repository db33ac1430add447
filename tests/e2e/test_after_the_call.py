"""After the call: the seller moves the case on in the console, the buyer follows on their link."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page

from tests.support.chromium import DESK, chromium
from tests.support.journeys import STEP_MS, by, call, sign_in
from tests.support.machine import Machine, running_machine

pytestmark = [
    pytest.mark.alone,
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
]

ADDRESS = "Returns, dock 4\nHafenstr. 12\n20457 Hamburg"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """A machine with every process."""
    async with running_machine(tmp_path_factory.mktemp("machine") / "data") as running:
        yield running


async def make_move(page: Page, name: str, **told: str) -> None:
    """Choose a move on the case's page, fill in its form, and send it."""
    button = by(page, f"move-{name}")
    if not await button.is_visible():
        await by(page, "other-moves").click(timeout=STEP_MS)
    await button.click(timeout=STEP_MS)
    for field, value in told.items():
        await by(page, f"move-{field}").fill(value, timeout=STEP_MS)
    await by(page, "make-move").click(timeout=STEP_MS)
    await by(page, "move-dialog").wait_for(state="detached", timeout=STEP_MS)


async def state_is(page: Page, state: str) -> None:
    """Wait until the case's page is in a state."""
    await page.locator(f'[data-test="case-page"][data-state="{state}"]').wait_for(timeout=STEP_MS)


@pytest.mark.timeout(150)
async def test_a_case_goes_on_after_its_call_until_the_money_is_back(machine: Machine) -> None:
    """Label, parcel, check, refund; the buyer reads each, objects, and is heard by another."""
    async with call(machine) as held, chromium(viewport=DESK) as desk:
        await held.end(outcome="refund", note="The seam is open.")
        buyer = held.buyer_page
        await by(buyer, "ended").wait_for(timeout=STEP_MS)
        async with machine.api() as http, http.get("/api/v1/cases?state=decided") as response:
            (case,) = (await response.json())["items"]
        page = await desk.open(f"{machine.url}/console?case={case['id']}")
        await sign_in(page, machine.people["seller"])
        await state_is(page, "decided")
        await make_move(
            page, "give_label", address=ADDRESS, label_url="https://labels.example/7.pdf"
        )
        await state_is(page, "label_given")
        await buyer.reload()
        await by(buyer, "send-to").wait_for(timeout=STEP_MS)
        assert "Hafenstr. 12" in await by(buyer, "send-to").inner_text()
        assert await by(buyer, "label").get_attribute("href") == "https://labels.example/7.pdf"

        await make_move(page, "ship", carrier="DHL", tracking_number="JJD0001")
        await make_move(page, "receive")
        await state_is(page, "received")
        await by(page, "move-check").click(timeout=STEP_MS)
        await by(page, "make-move").click(timeout=STEP_MS)
        assert await page.get_by_role("alert").count() == 1  # Nothing is judged yet.
        await by(page, "line-0-grade").select_option("C")
        await by(page, "line-0-disposition").select_option("refurbish")
        await by(page, "line-0-liability").select_option("product")
        await by(page, "make-move").click(timeout=STEP_MS)
        await state_is(page, "checked")

        await by(page, "move-refund").click(timeout=STEP_MS)
        await by(page, "make-move").click(timeout=STEP_MS)
        await state_is(page, "refunded")
        await by(page, "settlement-0").wait_for(timeout=STEP_MS)
        await buyer.reload()
        await by(buyer, "given").wait_for(timeout=STEP_MS)
        await by(buyer, "disagree").click(timeout=STEP_MS)
        await by(buyer, "appeal-words").fill("Der Versand fehlt.", timeout=STEP_MS)
        await by(buyer, "appeal").click(timeout=STEP_MS)
        await by(buyer, "appealed").wait_for(timeout=STEP_MS)
        await page.reload()
        await state_is(page, "appealed")
        assert await by(page, "give-verdict").or_(page.get_by_text("Change the verdict")).count()


@pytest.mark.timeout(60)
async def test_only_the_buyers_own_browser_may_object(machine: Machine) -> None:
    """A stranger with the link reads no outcome and appeals nothing."""
    opened = await machine.open_case(0)
    async with machine.api() as http:
        path = f"/api/v1/cases/{opened['case']['id']}"
        async with http.post(
            f"{path}/verdict", json={"outcome": "reject"}, headers={"If-Match": "*"}
        ) as response:
            assert response.status == 200
        token = opened["join_url"].rsplit("/", 1)[1]
        appeal, said = f"/api/join/{token}/appeal", {"words": "No"}
        # Nobody has opened the link: whoever comes first with it is its browser, as with the tap.
        async with http.post(appeal, json=said, headers={"X-Proofcall": "1"}) as response:
            assert response.status == 200
        # The jar keeps no cookie of an address, so this is another browser.
        async with http.post(appeal, json=said, headers={"X-Proofcall": "1"}) as response:
            assert response.status == 409
            assert (await response.json())["code"] == "other_device"
        async with http.get(path) as response:
            assert (await response.json())["state"] == "appealed"
