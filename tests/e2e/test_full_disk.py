"""A disk that is nearly full: the buyer is told in plain words before the call, not in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.support.cameras import Camera
from tests.support.chromium import PHONE, chromium
from tests.support.journeys import STEP_MS, by, light_camera
from tests.support.machine import running_machine

pytestmark = [
    pytest.mark.alone,
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.timeout(120),
]


async def test_a_buyer_is_told_before_the_call_and_may_try_again(tmp_path: Path) -> None:
    """Nothing is begun, the page says why and what to do, and the link stays good."""
    async with running_machine(tmp_path / "data", min_free_bytes=2**62) as machine:
        opened = await machine.open_case(
            buyer={"name": "Ada Byrne", "email": None, "locale": "en"},
            claim={"reason": "damaged", "words": "A tear at the seam.", "locale": "en"},
        )
        async with chromium(light_camera(Camera.BUYER), viewport=PHONE) as browser:
            page = await browser.open(opened["join_url"])
            await by(page, "join").click(timeout=STEP_MS)
            problem = by(page, "problem-recording_unavailable")
            await expect(problem).to_contain_text("We can’t record right now", timeout=STEP_MS)
            await expect(problem).to_contain_text("try again")
            await page.screenshot(path=tmp_path / "full-disk.png")
        path = f"/api/v1/cases/{opened['case']['id']}"
        async with machine.api() as http, http.get(path) as response:
            shown = await response.json()
        assert (shown["state"], shown["sessions"]) == ("inspection_offered", [])
