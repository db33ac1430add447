"""The warehouse's bench camera in real browsers: shown by one touch, photographed, replayed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import Page
from sqlalchemy import select

from cases.bench import create_camera
from cases.database import Database
from cases.tables import Warehouse
from tests.support.cameras import Camera
from tests.support.chromium import DESK, SyncedCamera, chromium
from tests.support.frame_code import read_code
from tests.support.journeys import (
    STEP_MS,
    Json,
    by,
    call,
    download,
    sign_in,
    timeline_when,
)
from tests.support.machine import Machine, running_machine
from tests.support.media_probe import probe_media
from tests.support.screen import wait_for_code

pytestmark = [
    pytest.mark.alone,
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
]

WHIP_PAGE_JS = (Path(__file__).parents[1] / "support" / "whip_page.js").read_text()
BENCH = SyncedCamera(Camera.THIRD, width=960, height=540, fps=10)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """A machine with every process."""
    async with running_machine(tmp_path_factory.mktemp("machine") / "data") as running:
        yield running


async def new_camera(machine: Machine) -> tuple[str, str]:
    """The WHIP endpoint and token of a camera of the machine's warehouse."""
    database = Database(machine.settings.database)
    try:
        async with database.begin() as tx:
            [warehouse] = (await tx.scalars(select(Warehouse))).all()
            camera_id, token = await create_camera(
                tx, warehouse_id=warehouse.id, name="Bench 4", now=datetime.now(UTC)
            )
    finally:
        await database.close()
    return f"{machine.url}/whip/{camera_id}", token


@pytest.mark.timeout(180)
async def test_a_touch_shows_the_bench_camera_and_another_takes_it_away(
    machine: Machine, request: pytest.FixtureRequest
) -> None:
    """A browser publishes by WHIP; host and buyer see it, the photo is of it, and so the replay."""
    endpoint, token = await new_camera(machine)
    async with chromium(BENCH, viewport=DESK) as bench, call(machine) as held:
        camera = await bench.open(f"{machine.url}/console")
        assert await camera.evaluate(WHIP_PAGE_JS, [endpoint, token]) == "connected"
        assert await camera.evaluate("window.__patched") == 204
        host, buyer = held.host_page, held.buyer_page
        assert await by(host, "bench").count() == 0
        # The page asks for the cameras when it opens and whenever what is shown changes.
        await host.reload()
        await by(host, "bench-tool").click(timeout=STEP_MS)
        for page in (host, buyer):
            await by(page, "bench-video").wait_for(timeout=STEP_MS)
            await wait_for_code(by(page, "bench-video"), camera=Camera.THIRD, timeout_s=20)
            assert await by(page, "bench").get_attribute("data-large") == "true"
        await keep_pictures(request, {"bench-host": host, "bench-buyer": buyer})
        await by(host, "still").click()
        kept = host.locator('[data-test="still-entry"][data-state="kept"]')
        await kept.first.wait_for(timeout=20_000)
        # The buyer may look at the host instead, and back.
        await by(buyer, "host-swap").click()
        assert await by(buyer, "bench").get_attribute("data-large") == "false"
        await wait_for_code(by(buyer, "remote-video"), camera=Camera.HOST, by="screen")
        await keep_pictures(request, {"bench-buyer-small": buyer})
        await by(buyer, "bench-swap").click()
        await by(host, "bench-tool").click()
        for page in (host, buyer):
            await by(page, "bench").wait_for(state="detached", timeout=STEP_MS)
        await held.sees_the_other()
        session_id = await held.session_id()
        await held.end()
        timeline = await timeline_when(machine, session_id, within_s=6)
        assert await camera.evaluate("window.__whip.connectionState") == "connected"
        assert await camera.evaluate("window.__stopWhip()") == 200
    [recording] = [one for one in timeline["recordings"] if one["participant"]["role"] == "bench"]
    probe = await asyncio.to_thread(probe_media, await download(machine, recording["url"]))
    assert probe.cameras() == {Camera.THIRD}
    assert probe.audio_codec is None
    [still] = timeline["stills"]
    jpeg = await download(machine, still["image"])
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), 1)
    assert picture is not None
    code = read_code(picture.astype(np.uint8))
    assert code is not None
    assert code.camera is Camera.THIRD
    await the_reviewer_sees_it(machine, timeline, request)


async def the_reviewer_sees_it(
    machine: Machine, timeline: Json, request: pytest.FixtureRequest
) -> None:
    """A lane of its own, and its picture at the moment of the photo."""
    async with chromium(viewport=DESK) as browser:
        page = await browser.open(f"{machine.url}/review")
        await sign_in(page, machine.people["reviewer"])
        row = page.locator(f'[data-test="case-row"][data-case-id="{timeline["case"]["id"]}"]')
        await row.click(timeout=STEP_MS)
        await by(page, "lane-bench").wait_for(timeout=STEP_MS)
        taken = next(event for event in timeline["events"] if event["kind"] == "still_taken")
        await by(page, f"event-{taken['seq']}").click(timeout=STEP_MS)
        await wait_for_code(
            by(page, "review-video-bench"), camera=Camera.THIRD, by="screen", timeout_s=15
        )
        await keep_pictures(request, {"bench-review": page})


async def keep_pictures(request: pytest.FixtureRequest, pages: dict[str, Page]) -> None:
    """For looking at: with ``--basetemp`` they stay in the test's own folder."""
    folder: Path = request.getfixturevalue("tmp_path")
    for name, page in pages.items():
        await page.screenshot(path=folder / f"{name}.png")
