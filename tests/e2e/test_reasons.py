"""Reasons by category in real browsers: set in the console, offered in the form by language."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.test_agent_screen import looks_right
from tests.support.chromium import DESK, PHONE, chromium, screenshot
from tests.support.journeys import STEP_MS, by, sign_in
from tests.support.machine import Machine, running_machine

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
]

ORDER = {
    "order_number": "R-1",
    "buyer": {"name": "Ana Ruiz", "email": "ana@example.com", "locale": "es"},
    "currency": "EUR",
    "items": [
        {
            "sku": "L-1",
            "quantity": 1,
            "price": "59.90",
            "category": "lamps",
            "listing": {"title": "Desk lamp", "pictures": [], "properties": {}},
        }
    ],
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """A machine with every process."""
    async with running_machine(tmp_path_factory.mktemp("machine") / "data") as running:
        yield running


@pytest.mark.timeout(120)
async def test_a_buyer_of_a_lamp_reads_the_shop_s_own_reasons(machine: Machine) -> None:
    """In Spanish, in the shop's order, and only those that fit a lamp."""
    async with machine.api() as http, http.post("/api/v1/orders", json=ORDER) as response:
        assert response.status == 200, await response.text()
    async with chromium(viewport=DESK) as desk, chromium(viewport=PHONE, locale="es") as phone:
        page = await desk.open(f"{machine.url}/console/reasons")
        await sign_in(page, machine.people["seller"])
        await by(page, "new-category").fill("lamps", timeout=STEP_MS)
        await by(page, "add-category").click()
        for reason in ("size_fit", "changed_mind", "colour_differs"):
            await by(page, f"offer-{reason}").get_by_role("checkbox").uncheck()
        await by(page, "reasons-language").select_option("es")
        broken = by(page, "offer-defective")
        await broken.get_by_role("textbox").fill("No se enciende")
        await broken.get_by_role("button").click()
        await by(page, "save-reasons").click()
        await by(page, "drop-reasons").wait_for(timeout=STEP_MS)
        await looks_right(page, "reasons")

        buyer = await phone.open(f"{machine.url}/return/nordhaus")
        await by(buyer, "order-number").fill("R-1", timeout=STEP_MS)
        await by(buyer, "email").fill("ana@example.com")
        await by(buyer, "find").click()
        await by(buyer, "reason-defective").wait_for(timeout=STEP_MS)
        shown = await buyer.locator('[role="radio"].reason').evaluate_all(
            "all => all.map(one => one.dataset.test)"
        )
        assert shown[:2] == ["reason-defective", "reason-damaged"]
        assert len(shown) == 6
        assert "reason-size_fit" not in shown
        assert "No se enciende" in await by(buyer, "reason-defective").inner_text()
        if folder := os.environ.get("SCREENSHOTS"):
            await screenshot(buyer, Path(folder), "reasons-form-phone")
