"""Takes the pictures of every page for the README and for looking at: ``make screenshots``.

A fresh demo machine runs in a temporary directory; a buyer and an inspector with drawn
cameras hold a call in real browsers.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import cv2

from proofcall.demo import seed
from proofcall.demo_cases import RECORDED_CASE
from proofcall.demo_scenes import Picture, buyer_picture, host_picture
from tests.support.cameras import Camera
from tests.support.chromium import (
    DESK,
    PHONE,
    TABLET,
    FileCamera,
    Viewport,
    chromium,
    screenshot,
)
from tests.support.journeys import STEP_MS, be_ready, by, sign_in
from tests.support.machine import Machine, running_machine

Json = dict[str, Any]

_FRAMES = 300
_FRAMES_PER_S = 15
_SETTLE_S = 2.5


def _film(path: Path, draw: Callable[[float, str], Picture]) -> Path:
    """A camera file for Chromium: JPEG pictures one after the other."""
    with path.open("wb") as file:
        for number in range(_FRAMES):
            at_s = number / _FRAMES_PER_S
            _, jpeg = cv2.imencode(".jpg", draw(at_s, ""), [cv2.IMWRITE_JPEG_QUALITY, 85])
            file.write(jpeg.tobytes())
    return path


async def _call(machine: Machine, demo: Json, films: tuple[Path, Path], folder: Path) -> None:
    buyer_camera = FileCamera(Camera.BUYER, video=films[0])
    host_camera = FileCamera(Camera.HOST, video=films[1])
    async with (
        chromium(buyer_camera, viewport=PHONE) as buyer,
        chromium(host_camera, viewport=TABLET) as host,
    ):
        host_page = await host.open(f"{machine.url}/inspect")
        await by(host_page, "email").wait_for(timeout=STEP_MS)
        await screenshot(host_page, folder, "host-sign-in")
        await sign_in(host_page, demo["sign_ins"]["inspector"])
        await be_ready(host_page)
        buyer_page = await buyer.open(await _fresh_link(machine, demo))
        await by(buyer_page, "join").wait_for(timeout=STEP_MS)
        await asyncio.sleep(0.5)
        await screenshot(buyer_page, folder, "buyer-ready")
        await by(buyer_page, "join").click()
        await by(buyer_page, "waiting-page").wait_for(timeout=STEP_MS)
        await asyncio.sleep(_SETTLE_S)
        await screenshot(buyer_page, folder, "buyer-waiting")
        await screenshot(host_page, folder, "host-desk")
        await by(host_page, "take-next").click(timeout=STEP_MS)
        await by(host_page, "host-call").wait_for(timeout=STEP_MS)
        await asyncio.sleep(4)
        await by(host_page, "still").click()
        await asyncio.sleep(_SETTLE_S)
        await screenshot(host_page, folder, "host-call")
        await screenshot(buyer_page, folder, "buyer-call")
        await by(host_page, "end").click()
        await asyncio.sleep(0.5)
        await screenshot(host_page, folder, "host-verdict")
        await by(host_page, "outcome-refund").check(force=True)
        await by(host_page, "verdict-note").fill("The dent is as described; seen and recorded.")
        await by(host_page, "end-yes").click()
        await by(buyer_page, "ended").wait_for(timeout=STEP_MS)
        await asyncio.sleep(_SETTLE_S)
        await screenshot(buyer_page, folder, "buyer-ended")


async def _fresh_link(machine: Machine, demo: Json) -> str:
    """The join link of one more case about the thing that the drawn buyer shows."""
    body = {**RECORDED_CASE, "order_number": "10502"}
    headers = {"Authorization": f"Bearer {demo['api_key']}"}
    async with (
        aiohttp.ClientSession(machine.url, headers=headers) as http,
        http.post("/api/v1/cases", json=body) as response,
    ):
        opened: Json = await response.json()
        url: str = opened["join_url"]
        return url


async def _desk(machine: Machine, demo: Json, folder: Path, viewport: Viewport, mark: str) -> None:
    async with chromium(viewport=viewport) as browser:
        page = await browser.open(f"{machine.url}/review?case={demo['recorded_case']}")
        await sign_in(page, demo["sign_ins"]["reviewer"])
        await by(page, "replay").wait_for(timeout=STEP_MS)
        await asyncio.sleep(1)
        await page.keyboard.press("m")
        await asyncio.sleep(_SETTLE_S)
        await screenshot(page, folder, f"review{mark}")
        await page.goto(f"{machine.url}/review")
        await asyncio.sleep(1.5)
        await screenshot(page, folder, f"review-find{mark}")
    async with chromium(viewport=viewport) as browser:
        page = await browser.open(f"{machine.url}/console")
        await sign_in(page, demo["sign_ins"]["seller"])
        await page.locator('[data-test="case-row"]').first.wait_for(timeout=STEP_MS)
        await asyncio.sleep(1)
        await screenshot(page, folder, f"console{mark}")
        await page.goto(f"{machine.url}/console?case={demo['recorded_case']}")
        await asyncio.sleep(1.5)
        await screenshot(page, folder, f"console-case{mark}")
        await page.goto(f"{machine.url}/console?new=1")
        await asyncio.sleep(1.5)
        await screenshot(page, folder, f"console-new{mark}")


async def take(folder: Path) -> None:
    """Every picture, into ``folder``."""
    with tempfile.TemporaryDirectory() as work:
        films = (
            await asyncio.to_thread(_film, Path(work) / "buyer.mjpeg", buyer_picture),
            await asyncio.to_thread(_film, Path(work) / "host.mjpeg", host_picture),
        )
        data = Path(work) / "data"
        data.mkdir()
        (data / "seeded").touch()
        async with running_machine(data) as machine:
            demo = await seed(machine.settings)
            await _call(machine, demo, films, folder)
            await _desk(machine, demo, folder, DESK, "")
            await _desk(machine, demo, folder, TABLET, "-tablet")
            await _desk(machine, demo, folder, PHONE, "-phone")


if __name__ == "__main__":
    asyncio.run(take(Path(sys.argv[1])))
