"""The label's code on the buyer's page: for whoever has no printer, and only while it helps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import zxingcpp
from playwright.async_api import Page

from cases.states import Scope
from tests.support.chromium import PHONE, chromium, screenshot
from tests.support.journeys import STEP_MS, by
from tests.support.notice_world import NoticeWorld, notice_world

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("chromium_binary")]

LINK = "https://labels.example/drop-off/7"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[NoticeWorld]:
    """A seller's site."""
    async with notice_world(tmp_path) as running:
        yield running


async def labelled(world: NoticeWorld, **label: str) -> tuple[str, str]:
    """A decided case with a label, and where its buyer goes."""
    seller = world.site.seller
    opened = await seller.open_case(await seller.machine(seller.lamp, Scope.CASES_WRITE))
    await change(world, f"{opened.case_id}/verdict", {"outcome": "refund"})
    await move(world, opened.case_id, "give_label", address="Hall 3\nHamburg", **label)
    return opened.case_id, str(world.site.client.make_url(f"/j/{opened.token}"))


async def move(world: NoticeWorld, case_id: str, name: str, **more: str) -> None:
    """One move of the case."""
    await change(world, f"{case_id}/moves", {"move": name, **more})


async def change(world: NoticeWorld, path: str, body: Any) -> None:
    """What needs the case's version, whatever it is."""
    response = await world.site.client.post(
        f"/api/v1/cases/{path}", json=body, headers={**world.headers, "If-Match": "*"}
    )
    assert response.status == 200, await response.text()


async def come_in(page: Page, url: str) -> None:
    """Make this the buyer's browser, by opening the messages; then read what was decided."""
    await page.goto(url)
    async with page.expect_response(lambda one: one.url.endswith("/thread"), timeout=STEP_MS):
        await by(page, "open-thread").click(timeout=STEP_MS)
    await page.reload()
    await by(page, "send-to").wait_for(timeout=STEP_MS)


async def read_code(page: Page) -> str:
    """What a scanner reads from the screen."""
    code = by(page, "label-code")
    await code.wait_for(timeout=STEP_MS)
    await code.scroll_into_view_if_needed()
    async with asyncio.timeout(STEP_MS / 1000):
        while True:
            picture = np.frombuffer(await page.screenshot(), np.uint8)
            found = zxingcpp.read_barcodes(cv2.imdecode(picture, cv2.IMREAD_GRAYSCALE))
            if found:
                return found[0].text
            await asyncio.sleep(0.1)


async def test_a_number_is_a_code_until_the_parcel_is_on_its_way(
    world: NoticeWorld, tmp_path: Path
) -> None:
    """Large enough to be read from a phone; gone once nothing is to be dropped off."""
    case_id, url = await labelled(world, carrier="DHL", tracking_number="JJD0001")
    async with chromium(viewport=PHONE) as browser:
        page = await browser.open(url)
        await come_in(page, url)
        code = by(page, "label-code")
        assert await read_code(page) == "JJD0001"
        await screenshot(page, tmp_path, "label-code")
        assert (await code.bounding_box() or {"width": 0})["width"] >= 200
        assert "JJD0001" in await by(page, "send-to").inner_text()
        await move(world, case_id, "ship")
        await page.reload()
        await by(page, "send-to").wait_for(timeout=STEP_MS)
        await page.wait_for_load_state("networkidle")
        assert await code.count() == 0


async def test_without_a_number_the_code_opens_the_label(world: NoticeWorld) -> None:
    """And with neither there is none."""
    _, linked = await labelled(world, label_url=LINK)
    _, bare = await labelled(world)
    async with chromium(viewport=PHONE) as browser:
        page = await browser.open(linked)
        await come_in(page, linked)
        assert await read_code(page) == LINK
        await come_in(page, bare)
        await page.wait_for_load_state("networkidle")
        assert await by(page, "label-code").count() == 0
