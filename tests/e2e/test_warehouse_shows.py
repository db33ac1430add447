"""The other direction: the inspector shows what came back, photographs it, the buyer looks on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import cv2
import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import Page

from tests.support.cameras import Camera
from tests.support.chromium import DESK
from tests.support.frame_code import FrameCode, read_code
from tests.support.journeys import STEP_MS, Json, by, call, download, sign_in
from tests.support.machine import Machine, running_machine
from tests.support.screen import wait_for_code

pytestmark = [
    pytest.mark.alone,
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
]

KEPT_MS = 20_000
_TOUCHES_JS = """() => {
  window.__touchedMs = [];
  document.querySelector('[data-test="still"]')
    .addEventListener('pointerup', () => window.__touchedMs.push(Date.now()));
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """A machine with every process."""
    async with running_machine(tmp_path_factory.mktemp("machine") / "data") as running:
        yield running


async def session_timeline(machine: Machine, session_id: str) -> Json:
    """The timeline as it is now."""
    path = f"/api/v1/sessions/{session_id}/timeline"
    async with machine.api() as http, http.get(path) as response:
        timeline: Json = await response.json()
        assert response.status == 200, timeline
        return timeline


async def photograph(page: Page) -> float:
    """Touch "Photo" and see it in the strip; gives when it was touched, in Unix ms."""
    before = await by(page, "still-entry").count()
    await by(page, "still").click(timeout=STEP_MS)
    await by(page, "still-entry").nth(before).wait_for(timeout=STEP_MS)
    touched: list[float] = await page.evaluate("window.__touchedMs")
    assert len(touched) == before + 1
    return touched[-1]


async def shown_in(machine: Machine, still_id: str, what: str) -> FrameCode:
    """What a photograph shows, or its preview."""
    jpeg = await download(machine, f"/api/v1/stills/{still_id}/{what}")
    picture = await asyncio.to_thread(cv2.imdecode, np.frombuffer(jpeg, np.uint8), 1)
    assert picture is not None
    code = read_code(picture.astype(np.uint8))
    assert code is not None, f"the {what} is not readable"
    return code


@pytest.mark.timeout(120)
async def test_what_is_large_is_what_is_photographed(machine: Machine) -> None:
    """The host's goods at first; the buyer once swapped; each from the recording of then."""
    async with call(machine, direction="warehouse_shows") as held:
        await wait_for_code(by(held.host_page, "self-video"), camera=Camera.HOST)
        stage = await held.host_page.locator("main.stage").bounding_box()
        own = await by(held.host_page, "self-video").bounding_box()
        theirs = await by(held.host_page, "remote-video").bounding_box()
        assert stage is not None
        assert own is not None
        assert theirs is not None
        assert own["width"] == stage["width"], "the goods are large"
        assert theirs["width"] < stage["width"] / 2, "the buyer is small"
        # The buyer sees the goods whole, and large.
        goods = by(held.buyer_page, "remote-video")
        assert await goods.evaluate("video => getComputedStyle(video).objectFit") == "contain"
        await wait_for_code(goods, camera=Camera.HOST, by="screen")
        await held.host_page.evaluate(_TOUCHES_JS)
        touched_ms = await photograph(held.host_page)
        await by(held.host_page, "swap").click()
        await wait_for_code(by(held.host_page, "remote-video"), camera=Camera.BUYER, by="screen")
        await photograph(held.host_page)
        kept = held.host_page.locator('[data-test="still-entry"][data-state="kept"]')
        await kept.nth(1).wait_for(timeout=KEPT_MS)
        session_id = await held.session_id()
        timeline = await session_timeline(machine, session_id)
        people = {one["participant"]["id"]: one["participant"] for one in timeline["recordings"]}
        assert [people[one["participant_id"]]["role"] for one in timeline["stills"]] == [
            "host",
            "buyer",
        ]
        goods_id, face_id = (one["still_id"] for one in timeline["stills"])
        for what in ("image", "preview"):
            code = await shown_in(machine, goods_id, what)
            assert code.camera == Camera.HOST, what
            assert code.clock_ms is not None
            assert abs(code.clock_ms - touched_ms) <= 300, (what, code.clock_ms - touched_ms)
        # The other person's picture is as old as the line is slow, but it is the one seen.
        face = await shown_in(machine, face_id, "image")
        assert face.camera == Camera.BUYER
        # A browser that is busy draws the frame after the one that it names.
        preview = await shown_in(machine, face_id, "preview")
        assert preview.camera == Camera.BUYER
        assert 0 <= preview.counter - face.counter <= 1
        await held.end()
        await by(held.buyer_page, "ended").wait_for(timeout=STEP_MS)
        # One browser less to start: the buyer's has no staff login yet.
        page = await held.buyer.open(f"{machine.url}/review")
        await the_reviewer_sees_whose_picture_each_is(machine, page, timeline)


async def the_reviewer_sees_whose_picture_each_is(
    machine: Machine, page: Page, timeline: Json
) -> None:
    """Each photograph stands on the lane of the person whose recording it was cut from."""
    await page.set_viewport_size({"width": DESK.width, "height": DESK.height})
    await sign_in(page, machine.people["reviewer"])
    row = page.locator(f'[data-test="case-row"][data-case-id="{timeline["case"]["id"]}"]')
    await row.click(timeout=STEP_MS)
    await by(page, "timeline").wait_for(timeout=STEP_MS)
    for still, role in zip(timeline["stills"], ("host", "buyer"), strict=True):
        tick = by(by(page, f"lane-{role}"), f"lane-still-{still['still_id']}")
        await tick.wait_for(state="attached", timeout=STEP_MS)
