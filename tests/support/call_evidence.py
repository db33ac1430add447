"""What is done with a call that was just held: ten seconds are shared, three are handed over."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Page

from tests.support.cameras import Camera
from tests.support.chromium import DESK, Chromium, chromium, screenshot
from tests.support.journeys import STEP_MS, by, download, timeline_when
from tests.support.machine import Machine
from tests.support.media_probe import probe_media
from tests.support.screen import wait_for_code

Json = dict[str, Any]

VIEWER = "Dr. Mia Brandt"
_KEEP_MARKS_JS = """
window.__marks = [];
const drawn = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...more) {
  if (this.canvas.matches('.watermark')) window.__marks.push(text);
  return drawn.call(this, text, ...more);
};
"""


async def ten_seconds_are_shared(
    machine: Machine, case_id: str, session_id: str, folder: Path
) -> None:
    """A stranger sees these seconds of the call under their own name, and no byte of the others."""
    timeline = await timeline_when(machine, session_id, within_s=20)
    (recording,) = [one for one in timeline["recordings"] if one["participant"]["role"] == "buyer"]
    from_ms, to_ms = recording["start_ms"] + 1000, recording["start_ms"] + 11_000
    assert recording["start_ms"] + recording["duration_ms"] > to_ms + 2000, "something is outside"

    def is_of_the_part(drawn_ms: int) -> bool:
        # It begins with a key picture before, and ends with a fragment.
        return from_ms - 2000 < drawn_ms < to_ms + 1500

    wanted = {"name": VIEWER, "from": moment(from_ms), "to": moment(to_ms)}
    async with machine.api() as http:
        path = f"/api/v1/sessions/{session_id}/shares"
        async with http.post(path, json=wanted) as response:
            assert response.status == 201, await response.text()
            made = await response.json()
    async with chromium(viewport=DESK, locale="de-DE") as viewer:
        await viewer.context.add_init_script(_KEEP_MARKS_JS)
        page = await viewer.open(made["url"])
        await by(page, "shared").wait_for(timeout=STEP_MS)
        await by(page, "play").click()
        video = page.locator(f'video[data-recording-id="{recording["recording_id"]}"]')
        seen = await wait_for_code(video, camera=Camera.BUYER)
        later = await wait_for_code(video, camera=Camera.BUYER, after=seen.counter + 10)
        assert is_of_the_part(seen.clock_ms or 0)
        assert is_of_the_part(later.clock_ms or 0)
        assert VIEWER in await page.evaluate("window.__marks")
        await pictured(page, folder, "shared-call")
        await by(page, "play").click()
        await nothing_outside_is_given(
            machine, viewer, made["share"]["id"], recording, is_of_the_part
        )
    async with (
        machine.api() as http,
        http.get(f"/api/v1/cases/{case_id}/access?limit=100") as response,
    ):
        entries = (await response.json())["items"]
    named = [one for one in entries if one["actor"] == f"share:{made['share']['id']}"]
    assert {one["kind"] for one in named} >= {"looked", "served"}
    assert {one["name"] for one in named} == {VIEWER}


async def nothing_outside_is_given(
    machine: Machine,
    viewer: Chromium,
    share_id: str,
    recording: Json,
    is_of_the_part: Callable[[int], bool],
) -> None:
    """Asked with the viewer's own cookie, by requests that no page makes."""
    base = f"{machine.url}/api/shared/{share_id}"
    media = f"{base}/recordings/{recording['recording_id']}/media"
    whole = await download(machine, recording["url"])
    cookies = {one["name"]: one["value"] for one in await viewer.context.cookies(media)}
    async with aiohttp.ClientSession(cookies=cookies) as http:

        async def ask(url: str, **headers: str) -> tuple[int, bytes]:
            async with http.get(url, headers=headers) as response:
                return response.status, await response.read()

        status, given = await ask(media)
        assert status == 200
        all_clocks, clocks = [await drawn_at(one) for one in (whole, given)]
        assert is_of_the_part(clocks[0])
        assert is_of_the_part(clocks[-1])
        assert not is_of_the_part(all_clocks[-1])
        assert (await ask(media, Range=f"bytes={len(given)}-"))[0] == 416
        assert (await ask(media.replace("/media", "/file")))[0] == 403
        assert (await ask(f"{base}/recordings/rec_none/media"))[0] == 404
        assert (await ask(f"{machine.url}{recording['url']}"))[0] == 401


async def drawn_at(recording: bytes) -> list[int]:
    """When the pictures of a recording were drawn, in order, by the clock that is in them."""
    probe = await asyncio.to_thread(probe_media, recording)
    return [frame.clock_ms for frame in probe.frames if frame.clock_ms is not None]


def moment(ms: int) -> str:
    """A moment as the API takes it."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


async def three_seconds(machine: Machine, case_id: str, session_id: str, folder: Path) -> Path:
    """A part of the call, before its first checkpoint: the one that follows is in it."""
    timeline = await timeline_when(machine, session_id, within_s=20)
    began_ms = max(one["start_ms"] for one in timeline["recordings"])
    part = {"from": moment(began_ms + 2000), "to": moment(began_ms + 5000)}
    async with machine.api() as http:
        path = f"/api/v1/cases/{case_id}/evidence-packages"
        async with http.post(path, json={"part": part}) as response:
            ordered = await response.json()
        path = f"/api/v1/evidence-packages/{ordered['id']}"
        async with asyncio.timeout(40):
            while ordered["state"] != "ready":
                await asyncio.sleep(0.2)
                async with http.get(path) as response:
                    ordered = await response.json()
        async with http.get(f"{path}/file") as response:
            package = folder / "part.zip"
            package.write_bytes(await response.read())
    return package


async def pictured(page: Page, folder: Path, name: str) -> None:
    """A picture of the page, also where somebody wants to look at it."""
    await screenshot(page, Path(os.environ.get("SCREENSHOTS", folder)), name)
