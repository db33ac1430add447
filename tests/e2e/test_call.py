"""The main job, whole: two real browsers, the relay, the recording, the reviewer's replay."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from statistics import median

import cv2
import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import Page

from tests.support.cameras import Camera, Frame
from tests.support.chromium import DESK, Codec, chromium
from tests.support.frame_code import read_clock
from tests.support.journeys import (
    STEP_MS,
    Json,
    by,
    call,
    download,
    frames_sent,
    sign_in,
    timeline_when,
)
from tests.support.machine import Machine, running_machine
from tests.support.media_probe import MediaProbe, probe_media
from tests.support.screen import read_screen

pytestmark = [
    pytest.mark.alone,
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
]

SEEKABLE_WITHIN_S = 3.0
# Two pictures of 20 a second: what a player may be off by after a seek.
SAME_PICTURE_MS = 100
CALL_S = 12.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """A machine with every process, for all calls of this file."""
    async with running_machine(tmp_path_factory.mktemp("machine") / "data") as running:
        yield running


def check_recording(probe: MediaProbe, camera: Camera, t0_ms: int, codec: str, sent: int) -> None:
    """What was shown is what is kept: pictures, sound, lip sync and wall clock."""
    assert probe.video_codec == codec
    assert probe.cameras() == {camera}
    readable = [frame for frame in probe.frames if frame.counter is not None]
    assert len(readable) >= 0.9 * len(probe.frames) > 60
    # Every picture that the browser sent is there (it counted a moment before the end), in
    # order. A browser under load leaves out or repeats what it captures, before sending it.
    assert len(probe.frames) >= sent, f"{sent} pictures were sent, {len(probe.frames)} are kept"
    counters = [frame.counter for frame in readable if frame.counter is not None]
    assert all(b >= a for a, b in pairwise(counters)), "a picture is out of order"
    longest_s = max(b.pts_s - a.pts_s for a, b in pairwise(probe.frames))
    assert longest_s < 1.0, f"a hole of {longest_s:.2f} s"
    assert len(probe.beeps_s) >= CALL_S / 2
    assert abs(median(probe.lip_sync_s())) <= 0.080
    late_s = median(probe.wall_starts_s()) - t0_ms / 1000
    assert abs(late_s) <= 0.100, f"the wall clock is {late_s * 1000:.0f} ms off"


@pytest.mark.timeout(180)
@pytest.mark.parametrize("codec", ["H264", "VP8"])
async def test_a_call_is_held_recorded_and_replayed(machine: Machine, codec: Codec) -> None:
    """Both see each other; the recording holds both; a marker's click shows its moment."""
    async with call(machine, codec=codec) as held:
        began = time.monotonic()
        await asyncio.sleep(CALL_S / 2)
        await by(held.host_page, "still").click()
        await held.mark("damage")
        marked_ms = time.time() * 1000
        await asyncio.sleep(max(0.0, CALL_S - (time.monotonic() - began)))
        session_id = await held.session_id()
        sent = {
            "buyer": await frames_sent(held.buyer_page),
            "host": await frames_sent(held.host_page),
        }
        await held.end("resolved_without_return", "The colour is as listed.")
        hung_up = time.monotonic()
        timeline = await timeline_when(machine, session_id, within_s=SEEKABLE_WITHIN_S)
        seekable_s = time.monotonic() - hung_up
        await by(held.buyer_page, "ended").wait_for(timeout=STEP_MS)
        outcome = await by(held.buyer_page, "outcome").get_attribute("data-outcome")
        assert outcome == "resolved_without_return"
        # A page may have asked for a fresh peer just as the host ended: that is refused.
        assert [line for line in held.buyer.console_errors if "(Conflict)" not in line] == []
    assert seekable_s <= SEEKABLE_WITHIN_S
    recordings = {one["participant"]["role"]: one for one in timeline["recordings"]}
    assert set(recordings) == {"buyer", "host"}
    marker = next(event for event in timeline["events"] if event["kind"] == "marker")
    assert abs(marker["payload"]["at_ms"] - marked_ms) <= 1_500, "the marker is when it was set"
    probes: dict[str, MediaProbe] = {}
    expected = {"H264": ("mp4", "h264"), "VP8": ("webm", "vp8")}[codec]
    for role, camera in (("buyer", Camera.BUYER), ("host", Camera.HOST)):
        recording = recordings[role]
        assert recording["container"] == expected[0]
        media = await download(machine, recording["url"])
        probe = await asyncio.to_thread(probe_media, media)
        check_recording(probe, camera, recording["start_ms"], expected[1], sent[role])
        probes[role] = probe
    await replay_shows_the_marks(machine, timeline, probes["buyer"])


async def replay_shows_the_marks(machine: Machine, timeline: Json, buyer: MediaProbe) -> None:
    """The reviewer clicks the marker and the still and sees, on the screen, their pictures."""
    timeline, image = await cut_still(machine, timeline["session_id"])
    photographed = read_clock(image)
    assert photographed is not None
    marker = next(event for event in timeline["events"] if event["kind"] == "marker")
    still = next(event for event in timeline["events"] if event["kind"] == "still_taken")
    marked = clock_at(buyer, timeline, marker["payload"]["at_ms"])
    async with chromium(viewport=DESK) as browser:
        page = await browser.open(f"{machine.url}/review")
        await sign_in(page, machine.people["reviewer"])
        row = page.locator(f'[data-test="case-row"][data-case-id="{timeline["case"]["id"]}"]')
        await row.click(timeout=STEP_MS)
        await by(page, "replay").wait_for(timeout=STEP_MS)
        for event, clock_ms in ((marker, marked), (still, photographed)):
            await by(page, f"event-{event['seq']}").click(timeout=STEP_MS)
            await wait_for_clock(page, clock_ms)


async def cut_still(machine: Machine, session_id: str) -> tuple[Json, Frame]:
    """The timeline once its still has been cut, and the still's picture (BGR)."""
    async with asyncio.timeout(30):
        while True:
            timeline = await timeline_when(machine, session_id, within_s=10)
            if timeline["stills"][0]["state"] == "cut":
                break
            await asyncio.sleep(0.2)
    jpeg = await download(machine, timeline["stills"][0]["image"])
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return timeline, decoded.astype(np.uint8)


def clock_at(probe: MediaProbe, timeline: Json, at_ms: float) -> int:
    """The drawn clock of the picture that the buyer's recording shows at a server time."""
    [recording] = [one for one in timeline["recordings"] if one["participant"]["role"] == "buyer"]
    began = [
        frame.clock_ms
        for frame in probe.frames
        if frame.clock_ms is not None and recording["start_ms"] + frame.pts_s * 1000 <= at_ms + 1
    ]
    return began[-1]


async def wait_for_clock(page: Page, clock_ms: float) -> None:
    """Wait until the buyer's picture on the screen is the one that carries this clock."""
    deadline = time.monotonic() + 10
    last: float | None = None
    while time.monotonic() < deadline:
        code = await read_screen(by(page, "review-video-buyer"))
        if code is not None and code.clock_ms is not None:
            last = code.clock_ms
            if abs(last - clock_ms) <= SAME_PICTURE_MS:
                return
        await asyncio.sleep(0.1)
    raise AssertionError(f"the picture shows {last}, wanted {clock_ms}")


@pytest.mark.timeout(180)
async def test_a_killed_media_process_costs_a_gap_and_no_evidence(machine: Machine) -> None:
    """Both are back in the same session by themselves; one timeline holds both parts."""
    async with call(machine) as held:
        session_id = await held.session_id()
        await asyncio.sleep(5)
        killed_ms = time.time() * 1000
        machine.kill("media")
        await held.sees_the_other(drawn_after_ms=round(killed_ms) + 500)
        back_ms = time.time() * 1000
        await asyncio.sleep(5)
        assert await held.session_id() == session_id
        await held.end()
        timeline = await timeline_when(machine, session_id, within_s=SEEKABLE_WITHIN_S)
    for role, camera in (("buyer", Camera.BUYER), ("host", Camera.HOST)):
        recordings = [one for one in timeline["recordings"] if one["participant"]["role"] == role]
        assert len(recordings) == 1, "one recording holds both parts"
        recording = recordings[0]
        probe = await asyncio.to_thread(probe_media, await download(machine, recording["url"]))
        assert probe.cameras() == {camera}
        clocks = [frame.clock_ms for frame in probe.frames if frame.clock_ms is not None]
        before = max(clock for clock in clocks if clock < killed_ms)
        after = min(clock for clock in clocks if clock > killed_ms)
        assert killed_ms - before <= 400, "what had arrived before the kill is kept"
        assert clocks[-1] > back_ms, "what came after the return is kept"
        gaps = [
            gap
            for gap in timeline["gaps"]
            if gap["recording_id"] == recording["recording_id"] and gap["cause"] == "media_lost"
        ]
        assert len(gaps) == 1
        assert gaps[0]["from_ms"] <= before + 500
        assert gaps[0]["to_ms"] >= after - 500
    kinds = [event["kind"] for event in timeline["events"]]
    assert kinds.count("gap") >= 2
