"""Every browser's codec and every camera, or none: the call holds, and so does the recording."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import cv2
import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright

from tests.support.cameras import TONE_HZ, Camera
from tests.support.chromium import (
    DESK,
    PHONE,
    TABLET,
    Chromium,
    Codec,
    SyncedCamera,
    another_person,
    chromium,
)
from tests.support.journeys import (
    STEP_MS,
    Call,
    Json,
    by,
    download,
    meet,
    sign_in,
    timeline_when,
)
from tests.support.machine import Machine, running_machine
from tests.support.media_probe import MediaProbe, probe_media
from tests.support.screen import read_video, wait_for_code

pytestmark = [
    pytest.mark.alone,
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium_binary"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
]

BUYER = SyncedCamera(Camera.BUYER, width=960, height=540, fps=15)
HOST = SyncedCamera(Camera.HOST, width=640, height=360, fps=15)
ENGLISH: Json = {"name": "Ada Byrne", "email": None, "locale": "en"}

# What a person refuses in the browser's own question.
REFUSING_JS = """
(() => {
  const devices = navigator.mediaDevices;
  if (!devices) return;
  const open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (wanted) => {
    if (%s) throw new DOMException("Permission denied", "NotAllowedError");
    return open(wanted);
  };
})();
"""
COUNT_PEERS_JS = """
(() => {
  const Native = RTCPeerConnection;
  window.__peers = [];
  window.RTCPeerConnection = class extends Native {
    constructor(...given) { super(...given); window.__peers.push(this); }
  };
})();
"""
HEARD_JS = """async () => {
  let heard = 0;
  for (const peer of window.__peers)
    for (const one of (await peer.getStats()).values())
      if (one.type === 'inbound-rtp' && one.kind === 'audio') heard += one.packetsReceived;
  return heard;
}"""
SCALE_JS = """async (factor) => {
  for (const peer of window.__peers)
    for (const sender of peer.getSenders()) {
      if (sender.track?.kind !== 'video') continue;
      const parameters = sender.getParameters();
      for (const one of parameters.encodings) one.scaleResolutionDownBy = factor;
      await sender.setParameters(parameters);
    }
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    """A machine with every process."""
    async with running_machine(tmp_path_factory.mktemp("machine") / "data") as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browsers() -> AsyncIterator[tuple[Chromium, Chromium]]:
    """Two running browsers that everybody's contexts share: the buyers' and the hosts'."""
    async with (
        async_playwright() as driver,
        chromium(playwright=driver) as first,
        chromium(playwright=driver) as second,
    ):
        yield first, second


@asynccontextmanager
async def face_to_face(
    machine: Machine,
    browsers: tuple[Chromium, Chromium],
    *,
    buyer: tuple[SyncedCamera, Codec | None] = (BUYER, None),
    host: tuple[SyncedCamera, Codec | None] = (HOST, None),
    refused: str = "false",
) -> AsyncIterator[Call]:
    """A call of these two; the buyer's browser refuses what the condition ``refused`` says."""
    opened = await machine.open_case(buyer=ENGLISH)
    scripts = [COUNT_PEERS_JS]
    async with AsyncExitStack() as stack:
        buyer_browser = await stack.enter_async_context(
            another_person(browsers[0], buyer[0], viewport=PHONE, codec=buyer[1], scripts=scripts)
        )
        await buyer_browser.context.add_init_script(REFUSING_JS % refused)
        host_browser = await stack.enter_async_context(
            another_person(browsers[1], host[0], viewport=TABLET, codec=host[1], scripts=scripts)
        )
        held = await meet(machine, buyer_browser, host_browser, opened)
        yield held


async def recordings_of(machine: Machine, held: Call) -> tuple[Json, dict[str, list[Json]]]:
    """End the call; its timeline, and its recordings by role, in order."""
    session_id = await held.session_id()
    await held.end()
    timeline = await timeline_when(machine, session_id, within_s=6)
    found: dict[str, list[Json]] = {}
    for one in sorted(timeline["recordings"], key=lambda one: one["part"]):
        found.setdefault(one["participant"]["role"], []).append(one)
    return timeline, found


async def probe(machine: Machine, recording: Json) -> MediaProbe:
    """The whole file, decoded."""
    media = await download(machine, recording["url"])
    hz = TONE_HZ[Camera.BUYER if recording["participant"]["role"] == "buyer" else Camera.HOST]
    return await asyncio.to_thread(probe_media, media, hz=hz)


async def heard(page: Page, at_least: int = 50) -> None:
    """Wait until so many packets of sound have come."""
    for _ in range(200):
        if await page.evaluate(HEARD_JS) >= at_least:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("nothing is heard")


async def test_no_common_codec_is_told_in_words_and_sound_flows(
    machine: Machine, browsers: tuple[Chromium, Chromium]
) -> None:
    """H.264 alone meets VP8 alone: both hear, read why they do not see, and both are recorded."""
    async with face_to_face(machine, browsers, buyer=(BUYER, "H264"), host=(HOST, "VP8")) as held:
        for page in (held.buyer_page, held.host_page):
            await by(page, "unshowable").wait_for(timeout=STEP_MS)
            await heard(page)
        words = await by(held.buyer_page, "unshowable").inner_text()
        assert "cannot see each other" in words
        assert await by(held.buyer_page, "connecting").count() == 0
        # Longer than a picture that stands still would be borne.
        await asyncio.sleep(10)
        for page in (held.buyer_page, held.host_page):
            assert await page.evaluate("window.__peers.length") <= 2, "nobody connects again"
            assert await by(page, "reconnecting").count() == 0
            assert await by(page, "unshowable").is_visible()
        _timeline, found = await recordings_of(machine, held)
    for role, camera, codec in (("buyer", Camera.BUYER, "h264"), ("host", Camera.HOST, "vp8")):
        [recording] = found[role]
        shown = await probe(machine, recording)
        assert (shown.video_codec, shown.audio_codec) == (codec, "opus")
        assert shown.cameras() == {camera}
        assert len(shown.frames) > 60


async def test_who_can_do_both_switches_to_what_the_other_can_show(
    machine: Machine, browsers: tuple[Chromium, Chromium]
) -> None:
    """The buyer began with H.264; a host with VP8 alone comes, and both see each other."""
    async with face_to_face(machine, browsers, host=(HOST, "VP8")) as held:
        await held.sees_the_other()
        await asyncio.sleep(2)
        for page in (held.buyer_page, held.host_page):
            assert await by(page, "unshowable").count() == 0
            assert await by(page, "reconnecting").count() == 0
        _timeline, found = await recordings_of(machine, held)
    assert [one["container"] for one in found["buyer"]] == ["mp4", "webm"]
    assert [one["container"] for one in found["host"]] == ["webm"]
    shown = await probe(machine, found["buyer"][-1])
    assert shown.cameras() == {Camera.BUYER}
    assert shown.video_codec == "vp8"


async def test_without_camera_and_microphone_one_joins_sees_hears_and_writes(
    machine: Machine, browsers: tuple[Chromium, Chromium]
) -> None:
    """Everything is refused to the page: the host is told, and nobody looks at a black picture."""
    async with face_to_face(machine, browsers, refused="true") as held:
        await wait_for_code(by(held.buyer_page, "remote-video"), camera=Camera.HOST, timeout_s=20)
        await heard(held.buyer_page)
        await by(held.host_page, "buyer-no-camera").wait_for(timeout=STEP_MS)
        help_closes = held.buyer_page.locator('dialog[open] [aria-label="Close"]')
        if await help_closes.count():
            await help_closes.first.click()
        await by(held.buyer_page, "write").click()
        await by(held.buyer_page, "message-input").fill("I can hear you, I write.")
        await held.buyer_page.keyboard.press("Enter")
        await by(held.host_page, "write").click()
        await held.host_page.get_by_text("I can hear you, I write.").first.wait_for(timeout=STEP_MS)
        timeline, found = await recordings_of(machine, held)
    assert "buyer" not in found
    [recording] = found["host"]
    assert (await probe(machine, recording)).cameras() == {Camera.HOST}
    assert [gap for gap in timeline["gaps"] if gap["cause"] != "peer_lost"] == []


async def test_sound_alone_is_recorded_and_replayed(
    machine: Machine, browsers: tuple[Chromium, Chromium]
) -> None:
    """The camera is refused, the microphone is not: a recording without picture plays."""
    async with face_to_face(machine, browsers, refused="wanted.video") as held:
        await by(held.host_page, "buyer-no-camera").wait_for(timeout=STEP_MS)
        await heard(held.host_page, 150)
        timeline, found = await recordings_of(machine, held)
    [recording] = found["buyer"]
    shown = await probe(machine, recording)
    assert shown.frames == []
    assert shown.audio_codec == "opus"
    assert len(shown.beeps_s) >= 2
    async with reviewing(machine, browsers, timeline) as page:
        await by(page, "sound-only-buyer").wait_for(timeout=STEP_MS)
        await by(page, "play").click()
        await comes_true(
            page,
            "() => document.querySelector('[data-test=\"review-video-buyer\"]')?.currentTime > 0.5",
        )


@pytest.mark.parametrize("codec", ["H264", "VP8"])
async def test_a_turned_phone_and_a_smaller_picture_stay_one_recording(
    machine: Machine, browsers: tuple[Chromium, Chromium], codec: Codec
) -> None:
    """Landscape, portrait, half the size: all decodes, seeks and has its shape; so has a photo."""
    async with face_to_face(machine, browsers, buyer=(BUYER, codec), host=(HOST, codec)) as held:
        await held.sees_the_other()
        await asyncio.sleep(2)
        await held.buyer_page.evaluate("window.__turnCamera(540, 960)")
        await sized(held.host_page, 540, 960)
        await asyncio.sleep(1)
        await by(held.host_page, "still").click()
        kept = held.host_page.locator('[data-test="still-entry"][data-state="kept"]')
        await kept.first.wait_for(timeout=20_000)
        await held.buyer_page.evaluate(SCALE_JS, 2)
        await sized(held.host_page, 270, 480)
        await asyncio.sleep(2)
        timeline, found = await recordings_of(machine, held)
    [recording] = found["buyer"]
    shown = await probe(machine, recording)
    sizes = list(dict.fromkeys((one.width, one.height) for one in shown.frames))
    assert sizes == [(960, 540), (540, 960), (270, 480)]
    assert len(shown.unreadable()) <= 0.1 * len(shown.frames)
    assert len(shown.frames) > 60
    [still] = timeline["stills"]
    jpeg = await download(machine, still["image"])
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), 1)
    assert picture is not None
    assert picture.shape[:2] == (960, 540)
    turned_s = next(one.pts_s for one in shown.frames if one.width == 540)
    async with reviewing(machine, browsers, timeline) as page:
        video = by(page, "review-video-buyer")
        for at_s, size in ((1.0, "960x540"), (turned_s + 1, "540x960"), (1.0, "960x540")):
            await video.evaluate("(video, at) => { video.currentTime = at; }", at_s)
            await comes_true(
                page,
                """(size) => {
                  const video = document.querySelector('[data-test="review-video-buyer"]');
                  return !video.seeking && `${video.videoWidth}x${video.videoHeight}` === size;
                }""",
                arg=size,
            )
            fit = await video.evaluate("video => getComputedStyle(video).objectFit")
            assert fit == "contain", "a portrait is not squeezed into a landscape"
            assert await read_video(video) is not None


async def sized(page: Page, width: int, height: int) -> None:
    """Wait until the other person's picture has this size."""
    await comes_true(
        page,
        """([width, height]) => {
          const video = document.querySelector('[data-test="remote-video"]');
          return video.videoWidth === width && video.videoHeight === height;
        }""",
        arg=[width, height],
    )


async def comes_true(page: Page, function: str, arg: object = None, timeout_s: float = 20) -> None:
    """Wait until a function gives true in the page.

    Playwright's own waiting evaluates text inside the page, which our policy forbids.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while not await page.evaluate(function, arg):
        assert loop.time() < deadline, f"never true: {function}"
        await asyncio.sleep(0.05)


@asynccontextmanager
async def reviewing(
    machine: Machine, browsers: tuple[Chromium, Chromium], timeline: Json
) -> AsyncIterator[Page]:
    """The reviewer's page of this call."""
    async with another_person(browsers[1], viewport=DESK) as browser:
        page = await browser.open(f"{machine.url}/review")
        await sign_in(page, machine.people["reviewer"])
        row = page.locator(f'[data-test="case-row"][data-case-id="{timeline["case"]["id"]}"]')
        await row.click(timeout=STEP_MS)
        await by(page, "replay").wait_for(timeout=STEP_MS)
        await by(page, "review-video-buyer").first.wait_for(state="attached", timeout=STEP_MS)
        yield page
