"""The journey of a damaged parcel in browsers: ports, label, scans, session, money, claim."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.support.cameras import Camera
from tests.support.chromium import DESK, PHONE, TABLET, chromium
from tests.support.journeys import STEP_MS, Json, by, light_camera, meet, sign_in
from tests.support.machine import Machine, running_machine
from tests.support.port_site import PDF, SECRET, PortSite, port_site

pytestmark = [
    pytest.mark.alone,
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
]

ADDRESS = "Returns, dock 4\nHafenstr. 12\n20457 Hamburg"
NUMBER = "PQ0000000000"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """A machine with every process, whose seller's services are on loopback."""
    folder = tmp_path_factory.mktemp("machine") / "data"
    async with running_machine(folder, webhooks_to_private=True) as running:
        yield running


async def connect(page: Page, machine: Machine, strangers: PortSite) -> None:
    """Set the ports up in the console, and test one."""
    await page.goto(f"{machine.url}/console/integrations")
    fields = {
        "tracking": {"url": f"{strangers.url}/v1/trackings/{{tracking_number}}"},
        "label": {"url": f"{strangers.url}/v1/labels", "carrier": "Example Post"},
        "refund": {
            "url": f"{strangers.url}/v1/refunds",
            "status_url": f"{strangers.url}/v1/refunds/{{reference}}",
        },
    }
    for kind, given in fields.items():
        await by(page, f"edit-{kind}").click(timeout=STEP_MS)
        for name, value in given.items():
            await by(page, f"{kind}-{name}").fill(value, timeout=STEP_MS)
        await by(page, f"secret-{kind}").fill(SECRET)
        await by(page, f"save-{kind}").click()
        await by(page, f"form-{kind}").wait_for(state="detached", timeout=STEP_MS)
        await expect(by(page, f"port-{kind}-state")).to_have_text("Connected", timeout=STEP_MS)
    await by(page, "address-warehouse").first.fill(ADDRESS)
    await by(page, "save-address-warehouse").click()
    await by(page, "save-address-warehouse").wait_for(state="detached", timeout=STEP_MS)
    await by(page, "test-refund").click()
    await by(page, "tested-refund").wait_for(timeout=STEP_MS)
    assert await by(page, "tested-refund").get_attribute("data-ok") == "true"
    assert SECRET not in await page.content()


async def state_is(page: Page, state: str) -> None:
    """Wait until the case's page, read again, is in a state."""
    for _ in range(40):
        shown = page.locator('[data-test="case-page"]')
        await shown.wait_for(timeout=STEP_MS)
        if await shown.get_attribute("data-state") == state:
            return
        await page.wait_for_timeout(500)
        await page.reload()
    raise AssertionError(f"never {state}: {await shown.get_attribute('data-state')}")


async def ask(machine: Machine, path: str, body: Json, **headers: str) -> Json:
    """Ask the API for what has no page of its own here."""
    async with machine.api() as http, http.post(path, json=body, headers=headers) as response:
        answer: Json = await response.json()
        assert response.status < 300, answer
        return answer


@pytest.mark.timeout(240)
async def test_a_damaged_parcel_from_its_label_to_its_money(machine: Machine) -> None:
    """The carrier's label, scans, the receipt, the warehouse shows, a claim, the refund."""
    opened = await machine.open_case(0, direction="warehouse_shows")
    case_id = opened["case"]["id"]
    path = f"/api/v1/cases/{case_id}"
    async with port_site() as strangers, AsyncExitStack() as stack:
        desk = await stack.enter_async_context(chromium(viewport=DESK))
        page = await desk.open(f"{machine.url}/console")
        await sign_in(page, machine.people["seller"])
        await by(page, "to-integrations").wait_for(timeout=STEP_MS)
        await connect(page, machine, strangers)

        await ask(machine, f"{path}/verdict", {"outcome": "refund"}, **{"If-Match": "*"})
        at = datetime.now(UTC) - timedelta(minutes=2)
        strangers.scans[NUMBER] = [{"status": "picked_up", "at": at.isoformat(), "place": "Madrid"}]
        await page.goto(f"{machine.url}/console?case={case_id}")
        await by(page, "order-label").click(timeout=STEP_MS)
        await state_is(page, "shipped")
        async with page.expect_download() as waiting:
            await by(page, "label-file").click(timeout=STEP_MS)
        saved = await (await waiting.value).path()
        assert saved.read_bytes() == PDF

        await by(page, "note-scan").click(timeout=STEP_MS)
        await by(page, "scan-status").select_option("delivered")
        await by(page, "scan-place").fill("Hamburg")
        await by(page, "save-scan").click()
        await state_is(page, "received")
        await expect(by(page, "parcel-status")).to_have_text("Delivered", timeout=STEP_MS)

        await by(page, "open-claim").click(timeout=STEP_MS)
        await by(page, "claim-text").fill("CL-77", timeout=STEP_MS)
        await by(page, "file-claim").click()
        claim = page.locator('[data-test="carrier-claim"][data-state="filed"]')
        await claim.wait_for(timeout=STEP_MS)

        link = await ask(machine, f"{path}/link", {})
        buyer = await stack.enter_async_context(
            chromium(light_camera(Camera.BUYER), viewport=PHONE)
        )
        host = await stack.enter_async_context(chromium(light_camera(Camera.HOST), viewport=TABLET))
        held = await meet(machine, buyer, host, {**opened, **link})
        await held.sees_the_other()
        await held.end(outcome="refund", note="Crushed on its way.")
        await by(held.buyer_page, "ended").wait_for(timeout=STEP_MS)

        await page.reload()
        await by(page, "refund-by-port").click(timeout=STEP_MS)
        await by(page, "order-refund").click(timeout=STEP_MS)
        await state_is(page, "refunded")
        assert len(strangers.refunds) == 1
        await by(page, "claim-text").fill("20.00", timeout=STEP_MS)
        await by(page, "accept-claim").click()
        await page.locator('[data-test="carrier-claim"][data-state="accepted"]').wait_for(
            timeout=STEP_MS
        )
        await held.buyer_page.reload()
        await by(held.buyer_page, "given").wait_for(timeout=STEP_MS)
